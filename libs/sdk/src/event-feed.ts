// The session's events over SSE, reconnected with Last-Event-ID until the session has ended. The feed is not needed
// to play: frames go on while the control plane is away (L4), and the feed catches up afterwards.
import { createParser } from 'eventsource-parser';
import { backoffMs, wait, type Clock } from './clock.ts';
import { isRecord, MeridianError } from './errors.ts';
import type { HttpApi } from './http-api.ts';

export interface FeedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface FeedPorts {
  readonly api: HttpApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly path: string;
  readonly onEvent: (event: FeedEvent) => void;
  /** The server refuses the feed for good, with a 4xx. */
  readonly onRefused: (error: MeridianError) => void;
}

const RETRY = { firstMs: 250, largestMs: 5_000 };
/** The server sends a comment every 15 s; three missed ones are a dead connection. */
const SILENT_MS = 45_000;
/** The end was told before. */
const NOTHING_WILL_COME = 204;

export class EventFeed {
  readonly #ports: FeedPorts;
  readonly #closed = new AbortController();
  #lastEventId: string | undefined;
  #attempt = 0;

  constructor(ports: FeedPorts) {
    this.#ports = ports;
  }

  /** Runs until `close`, an `ended` event or a refusal; never rejects. */
  async run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await this.#readOnce();
      } catch (thrown) {
        const error = MeridianError.from(thrown);
        if (this.#closed.signal.aborted) return;
        if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.#ports.onRefused(error);
          return;
        }
      }
      const delayMs = backoffMs(RETRY, this.#attempt, this.#ports.random);
      this.#attempt += 1;
      await wait(this.#ports.clock, delayMs, this.#closed.signal).catch(() => undefined);
    }
  }

  close(): void {
    this.#closed.abort();
  }

  async #readOnce(): Promise<void> {
    const { api, clock, path } = this.#ports;
    const silence = new AbortController();
    let cancel = clock.after(SILENT_MS, () => silence.abort());
    const headers = {
      accept: 'text/event-stream',
      ...(this.#lastEventId && { 'last-event-id': this.#lastEventId }),
    };
    try {
      const response = await api.stream(
        path,
        headers,
        AbortSignal.any([this.#closed.signal, silence.signal]),
      );
      if (response.status === NOTHING_WILL_COME) return this.close();
      for await (const chunk of textOf(response)) {
        cancel();
        cancel = clock.after(SILENT_MS, () => silence.abort());
        this.#parser.feed(chunk);
      }
    } finally {
      cancel();
      this.#parser.reset();
    }
  }

  readonly #parser = createParser({
    onEvent: ({ event, data, id }) => {
      this.#attempt = 0;
      if (id) this.#lastEventId = id;
      const parsed = parse(data);
      if (event === undefined || parsed === undefined || this.#closed.signal.aborted) return;
      this.#ports.onEvent({ type: event, data: parsed });
      if (event === 'ended') this.close();
    },
  });
}

async function* textOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return;
      yield decoder.decode(part.value, { stream: true });
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

function parse(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
