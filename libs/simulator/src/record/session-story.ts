// A session of the month as the control plane would have written it: its events, and what its workers counted.
import {
  beginSession,
  decideAll,
  type LeaseRef,
  type MeterReading,
  type Session,
  type SessionCommand,
  type SessionEvent,
} from '@meridian/domain';
import { SeededDraw } from '@meridian/testkit/world';
import type { SessionLife, Stay } from './month.ts';

const SECOND_MS = 1_000;
/** From the reservation to the first frame. */
const CONNECT_MS = 2 * SECOND_MS;
const CLAIM_MS = 60 * SECOND_MS;
const HOUR_MS = 3_600_000;
const FRAME_MS = 40;
const LATE_SHARE = 0.002;

export interface Story {
  /** Until it plays on its last worker. */
  readonly opened: Session;
  readonly opening: readonly SessionEvent[];
  readonly ended: Session;
  readonly ending: readonly SessionEvent[];
  /** Of every hour and of the end of each epoch but the last. */
  readonly readings: readonly MeterReading[];
  readonly finalReading: MeterReading;
}

export function storyOf(life: SessionLife): Story {
  const { sessionId, tenantId, model, rttMs, traceId, askedAtMs, endedAtMs, stays } = life;
  const request = { sessionId, tenantId, model, rttMs, traceId, metadata: {} };
  const begun = beginSession(request, askedAtMs);
  const [first, ...moves] = stays;
  const open = decideAll(
    [...placing(first), ...moves.flatMap((stay, i) => moving(stays[i] ?? first, stay))],
    begun,
  );
  const end = decideAll([{ type: 'end', atMs: endedAtMs, reason: 'client_ended' }], open.session);
  const last = moves.at(-1) ?? first;
  const draw = new SeededDraw(hashOf(sessionId));
  const lateShare = LATE_SHARE * 2 * draw.next();
  const counted = stays.flatMap((stay) => countedIn(life, stay, lateShare));
  const finalReading = readingAt(life, last, last.toMs, lateShare);
  return {
    ...{ opened: open.session, opening: open.events, ended: end.session, ending: end.events },
    ...{ readings: counted, finalReading },
  };
}

const leaseOf = ({ worker, slot, epoch }: Stay): LeaseRef => ({
  ...{ region: worker.region, pool: worker.pool, workerId: worker.workerId, purchase: worker.purchase },
  ...{ workerAddress: `${worker.workerId}:1`, slots: worker.slots, gpus: 1, width: 1 },
  ...{ slot, epoch },
});

const placing = (stay: Stay): readonly SessionCommand[] => {
  const { epoch, fromMs } = stay;
  return [
    { type: 'reserve', atMs: fromMs, lease: leaseOf(stay), claimByMs: fromMs + CLAIM_MS, considered: [] },
    ...plays(epoch, fromMs),
  ];
};

const plays = (epoch: Stay['epoch'], fromMs: number): readonly SessionCommand[] => [
  { type: 'observe', atMs: fromMs + CONNECT_MS / 2, epoch, activity: 'connecting' },
  { type: 'observe', atMs: fromMs + CONNECT_MS, epoch, activity: 'active' },
];

const moving = (from: Stay, to: Stay): readonly SessionCommand[] => [
  {
    ...{ type: 'lose-worker', atMs: to.fromMs, workerId: from.worker.workerId, epoch: from.epoch },
    reason: 'drain',
  },
  { type: 'migrate', atMs: to.fromMs, lease: leaseOf(to), considered: [] },
  ...plays(to.epoch, to.fromMs).slice(1),
];

/** As heartbeats tell it: at every hour that begins meanwhile, and at the end where another epoch follows. */
function countedIn(life: SessionLife, stay: Stay, lateShare: number): readonly MeterReading[] {
  const hours: number[] = [];
  for (let atMs = nextHour(stay.fromMs + CONNECT_MS); atMs < stay.toMs; atMs += HOUR_MS) hours.push(atMs);
  const ends = stay.toMs < life.endedAtMs ? [stay.toMs] : [];
  return [...hours, ...ends].map((atMs) => readingAt(life, stay, atMs, lateShare));
}

const nextHour = (ms: number): number => (Math.floor(ms / HOUR_MS) + 1) * HOUR_MS;

/** One a second, so that `seq` rises as in life. */
function readingAt(
  { sessionId }: SessionLife,
  { epoch, fromMs }: Stay,
  atMs: number,
  lateShare: number,
): MeterReading {
  const activeMs = Math.max(0, atMs - fromMs - CONNECT_MS);
  const frames = Math.floor(activeMs / FRAME_MS);
  const lateFrames = Math.floor(frames * lateShare);
  return {
    sessionId,
    epoch,
    startedUs: fromMs * 1_000,
    seq: Math.ceil((atMs - fromMs) / SECOND_MS),
    activeMs,
    frames,
    lateFrames,
    atMs,
  };
}

/** FNV-1a: a seed of the session's own, whatever came before it. */
const hashOf = (text: string): number =>
  [...text].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5);
