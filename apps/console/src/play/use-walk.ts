import { toRttMs, type Meridian, type MeridianSession, type RegionProbe } from '@meridian/sdk';
import { useCallback, useEffect, useRef, useState } from 'react';
import { PICTURES, storedPicture } from './picture.ts';

export type Walk =
  | { readonly phase: 'lobby'; readonly error: unknown }
  | { readonly phase: 'opening' }
  | { readonly phase: 'walking'; readonly session: MeridianSession };

export interface WalkRequest {
  readonly model: string;
  readonly probes: readonly RegionProbe[] | undefined;
}

/** One walk after another: `start` opens a session, `leave` goes back to the lobby. */
export function useWalk(meridian: Meridian): {
  walk: Walk;
  start: (request: WalkRequest) => void;
  leave: () => void;
} {
  const [walk, setWalk] = useState<Walk>({ phase: 'lobby', error: undefined });
  const opening = useRef<AbortController>(undefined);
  const session = useRef<MeridianSession>(undefined);

  const start = useCallback(
    (request: WalkRequest) => {
      opening.current?.abort();
      const gone = new AbortController();
      opening.current = gone;
      setWalk({ phase: 'opening' });
      openSession(meridian, request, gone.signal).then(
        (opened) => {
          session.current = opened;
          setWalk({ phase: 'walking', session: opened });
        },
        (error: unknown) => {
          if (!gone.signal.aborted) setWalk({ phase: 'lobby', error });
        },
      );
    },
    [meridian],
  );
  const leave = useCallback(() => {
    opening.current?.abort();
    endQuietly(session.current);
    session.current = undefined;
    setWalk({ phase: 'lobby', error: undefined });
  }, []);
  useEffect(
    () => () => {
      opening.current?.abort();
      endQuietly(session.current);
    },
    [],
  );
  return { walk, start, leave };
}

async function openSession(
  meridian: Meridian,
  { model, probes }: WalkRequest,
  signal: AbortSignal,
): Promise<MeridianSession> {
  const picture = storedPicture();
  const session = await meridian.open({
    model,
    signal,
    metadata: { client: 'play-page' },
    ...(picture !== 'standard' && { format: PICTURES[picture].format }),
    ...(probes && { rttMs: toRttMs(probes) }),
  });
  session.endOnPageHide();
  return session;
}

/** Nobody is left to tell: the session ends by itself when the server cannot be reached. */
function endQuietly(session: MeridianSession | undefined): void {
  session?.end().catch(() => undefined);
}
