import { useCallback, useEffect, useState } from 'react';
import { ask, AskError } from './ask.ts';
import { useAsker } from './asker.ts';

export interface Answer<T> {
  /** The newest answer to this question, or while another is asked the one before it. */
  readonly data: T | undefined;
  /** When it came, Unix ms. */
  readonly atMs: number | undefined;
  /** Why the newest try failed; with `data` there, that is stale. */
  readonly error: AskError | undefined;
  /** `data` is of the question before this one. */
  readonly isChanging: boolean;
  readonly again: () => void;
}

interface Held<T> {
  readonly question: string;
  readonly data?: T;
  readonly atMs?: number;
  readonly error?: AskError;
}

const MINUTE_MS = 60_000;

interface Options {
  /** Undefined: a GET. */
  readonly body?: unknown;
  readonly everyMs?: number;
}

/** Asks, asks again every so often while the page is seen, and keeps the last answer on screen meanwhile. */
export function useAnswer<T>(address: string | undefined, options: Options = {}): Answer<T> {
  const { everyMs = MINUTE_MS } = options;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const { adminKey, refuse } = useAsker();
  const [round, setRound] = useState(0);
  const [held, setHeld] = useState<Held<T>>({ question: '' });
  const question = `${address ?? ''} ${body ?? ''}`;

  useEffect(() => {
    if (address === undefined) return;
    const gone = new AbortController();
    const asking = {
      adminKey,
      signal: gone.signal,
      ...(body !== undefined && { body: JSON.parse(body) as unknown }),
    };
    const run = async (): Promise<void> => {
      try {
        const data = await ask<T>(address, asking);
        if (!gone.signal.aborted) setHeld({ question, data, atMs: Date.now() });
      } catch (error) {
        if (gone.signal.aborted) return;
        if (!(error instanceof AskError)) throw error;
        if (error.isKeyRefused) refuse();
        else setHeld((before) => failed(before, question, error));
      }
    };
    void run();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void run();
    }, everyMs);
    return () => {
      clearInterval(timer);
      gone.abort();
    };
  }, [address, body, question, adminKey, refuse, everyMs, round]);

  const again = useCallback(() => setRound((count) => count + 1), []);
  const isChanging = address !== undefined && held.question !== question;
  const { data, atMs } = held;
  return { data, atMs, error: isChanging ? undefined : held.error, isChanging, again };
}

/** An answer to another question is no stale answer to this one. */
const failed = <T>(before: Held<T>, question: string, error: AskError): Held<T> =>
  before.question === question ? { ...before, error } : { question, error };
