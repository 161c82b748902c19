// What the page shows of a stream, whether its own session's or one that it joined.
import type { DeviceRole, EndingSoon, Frame, Reconnecting, StatsSnapshot, StreamEvents } from '@meridian/sdk';

/** What a session and a joined session have in common. */
export interface StreamSource {
  readonly stats: StatsSnapshot;
  on<E extends keyof StreamEvents>(event: E, listener: (payload: StreamEvents[E]) => void): () => void;
}

export interface StreamView {
  readonly reconnecting: Reconnecting | undefined;
  /** True once a frame came. */
  readonly seen: boolean;
  readonly endingSoon: EndingSoon | undefined;
  /** The other devices that are connected now. */
  readonly connected: ReadonlyMap<number, DeviceRole>;
}

export const UNSEEN: StreamView = {
  ...{ reconnecting: undefined, seen: false, endingSoon: undefined },
  connected: new Map(),
};

/** Tells `change` of all that is new; a warning of idleness goes with the first frame that shows another action. */
export function watchStream(source: StreamSource, change: (part: Partial<StreamView>) => void): void {
  let connected: ReadonlyMap<number, DeviceRole> = UNSEEN.connected;
  let last: Frame | undefined;
  let warnedAt: Frame | undefined;
  const tell = (devices: ReadonlyMap<number, DeviceRole>): void => {
    connected = devices;
    change({ connected });
  };
  source.on('notice', () => change({ reconnecting: undefined }));
  // The new stream tells anew who is there.
  source.on('started', () => tell(new Map()));
  source.on('resumed', () => tell(new Map()));
  source.on('deviceJoined', ({ device, role }) => tell(new Map([...connected, [device, role]])));
  source.on('deviceLeft', ({ device }) => tell(new Map([...connected].filter(([one]) => one !== device))));
  source.on('reconnecting', (reconnecting) => change({ reconnecting }));
  source.on('endingSoon', (endingSoon) => {
    warnedAt = endingSoon.reason === 'idle' ? last : undefined;
    change({ endingSoon });
  });
  source.on('frame', (frame) => {
    if (last === undefined) change({ seen: true });
    last = frame;
    if (warnedAt === undefined || sameAction(frame, warnedAt)) return;
    warnedAt = undefined;
    change({ endingSoon: undefined });
  });
}

function sameAction(a: Frame, b: Frame): boolean {
  return a.lastActionSeq === b.lastActionSeq && a.lastActionDevice === b.lastActionDevice;
}
