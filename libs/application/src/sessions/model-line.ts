// The line of one model: who is next, and how long each will wait. Made from one look at the record and the registry.
import {
  newcomersTurn,
  nobodyBefore,
  queueLine,
  rttsOf,
  servedModel,
  slotsNeeded,
  supplyOf,
  turnOf,
  usableAfterMs,
  type Backlog,
  type CapacitySnapshot,
  type Claim,
  type InLine,
  type PlacementPolicy,
  type PoolSnapshot,
  type QueueShares,
  type RegionSnapshot,
  type RegionSupply,
  type SessionId,
  type SessionRequest,
  type Waiting,
  type WorkerId,
  type WorkerSnapshot,
} from '@meridian/domain';
import type { HeldSlots, QueuedRequest, SlotRelease } from '../ports/queue-record.ts';

export interface WaitingSession extends Waiting, QueuedRequest {}

/** A place and the wait that is expected from now on, before it is corrected by how right earlier ones were. */
export interface Standing {
  /** 1 is next. */
  readonly position: number;
  readonly estimateMs: number;
}

/** What a line is made of. Every row is of its model. */
export interface LineParts {
  readonly model: string;
  readonly atMs: number;
  readonly waiting: readonly QueuedRequest[];
  readonly held: readonly HeldSlots[];
  /** The newest, at most `MOST_RELEASES`. */
  readonly releases: readonly SlotRelease[];
  readonly snapshot: CapacitySnapshot;
  readonly policy: PlacementPolicy;
}

export interface ModelLine {
  /** In the order in which they get slots. */
  readonly inLine: readonly InLine<WaitingSession>[];
  /** A worker whose slots nobody gets but the one that it is kept for. */
  readonly kept?: KeptWorker;
  /** Undefined: it does not wait here. */
  standingOf(sessionId: SessionId): Standing | undefined;
  /** Where one would stand who comes now. */
  behind(newcomer: QueuedRequest): Newcomer;
  /** The newcomer is in line from now on, for itself and for those who come after it. */
  join(newcomer: Newcomer): void;
}

/**
 * Slots become free one by one, and those behind would take each before there are several at once. So whoever needs
 * several, and has waited for two minutes, has a worker kept for it; one in each line, for the first of them.
 */
export interface KeptWorker {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
}

export interface Newcomer extends Standing, InLine<WaitingSession> {
  /** Slots of each region that it takes from those behind it. */
  readonly claims: Backlog;
}

/** Who needs several slots has a worker kept for it after this much of waiting, ms. */
const KEPT_AFTER_MS = 120_000;
/** Enough to know the rate to 10 %, and few enough to follow it when it changes. */
export const MOST_RELEASES = 100;
/** How far back slot releases are counted, ms. */
export const WINDOW_MS = 1_800_000;
/** A burst of releases in one moment is no rate, ms. */
const LEAST_WINDOW_MS = 1_000;

export function makeModelLine(parts: LineParts): ModelLine {
  const { atMs, waiting, held } = parts;
  const weights = new Map(waiting.map(({ request, weight }) => [request.tenantId, weight]));
  const shares: QueueShares = {
    held: new Map(held.map(({ tenantId, slots }) => [tenantId, slots])),
    weights,
  };
  const supply = supplyFrom(parts);
  const inLine = queueLine(
    waiting.map((queued) => waitingSession(queued, parts)),
    shares,
    atMs,
  );
  /** What is in front of each of those in line, and behind the last. */
  const backlogs: Backlog[] = [nobodyBefore(supply)];
  let standings: Map<SessionId, Standing> | undefined;
  /** Only when somebody asks: the dispatcher needs the order alone. */
  const all = (): Map<SessionId, Standing> =>
    (standings ??= new Map(
      inLine.map(({ entry }, i) => {
        const { waitMs, backlog } = turnOf(claimOf(entry, parts), backlogs[i] ?? [], supply);
        backlogs.push(backlog);
        return [entry.sessionId, { position: i + 1, estimateMs: waitMs }] as const;
      }),
    ));
  const joined: Newcomer[] = [];
  const kept = keptWorker(inLine, parts);
  return {
    inLine,
    ...(kept ? { kept } : {}),
    standingOf: (sessionId) => all().get(sessionId),
    behind(newcomer) {
      all();
      weights.set(newcomer.request.tenantId, newcomer.weight);
      const entry = waitingSession(newcomer, parts);
      const turn = newcomersTurn([...inLine, ...joined], entry, shares, newcomer.createdAtMs);
      const ahead = countUpTo(inLine, turn);
      const joinedAhead = joined.filter((other) => other.turn <= turn);
      const before = joinedAhead.reduce((sum, { claims }) => plus(sum, claims), backlogs[ahead] ?? []);
      const { waitMs, backlog } = turnOf(claimOf(entry, parts), before, supply);
      const position = ahead + joinedAhead.length + 1;
      return { position, estimateMs: waitMs, entry, turn, claims: minus(backlog, before) };
    },
    join(newcomer) {
      joined.push(newcomer);
      all().set(newcomer.entry.sessionId, newcomer);
    },
  };
}

/** Of those that it may use the emptiest, which is the first to have room; by id, so that replicas agree. */
function keptWorker(inLine: readonly InLine<WaitingSession>[], parts: LineParts): KeptWorker | undefined {
  const isKept = ({ entry: { slots = 1, enqueuedAtMs } }: InLine<WaitingSession>): boolean =>
    slots > 1 && parts.atMs - enqueuedAtMs >= KEPT_AFTER_MS;
  const { entry } = inLine.find(isKept) ?? {};
  if (!entry) return undefined;
  const { request, sessionId } = entry;
  const { usableAfterMs, waitedMs } = claimOf(entry, parts);
  const { modelVersion } = servedModel(request, parts.snapshot);
  const [emptiest] = parts.snapshot.regions
    .filter((_, i) => (usableAfterMs[i] ?? Infinity) <= waitedMs)
    .flatMap((region) => poolsFor(request, region).filter((pool) => pool.modelVersion === modelVersion))
    .flatMap(({ workers }) => workers)
    .filter((worker) => worker.health === 'ready' && slotsNeeded(request.gpus, worker) !== undefined)
    .sort((a, b) => freeOf(b) - freeOf(a) || (a.workerId < b.workerId ? -1 : 1));
  return emptiest && { sessionId, workerId: emptiest.workerId };
}

const freeOf = ({ slots, usedSlots }: WorkerSnapshot): number => slots - usedSlots;

/** How many at the head of the line have a turn as low. */
function countUpTo(line: readonly InLine<WaitingSession>[], turn: number): number {
  const first = line.findIndex((other) => other.turn > turn);
  return first === -1 ? line.length : first;
}

const plus = (a: Backlog, b: Backlog): Backlog => a.map((slots, i) => slots + (b[i] ?? 0));
const minus = (a: Backlog, b: Backlog): Backlog => a.map((slots, i) => slots - (b[i] ?? 0));

function waitingSession(queued: QueuedRequest, { snapshot }: LineParts): WaitingSession {
  const { request, createdAtMs } = queued;
  const { sessionId, tenantId, priority, gpus } = request;
  const workers = snapshot.regions
    .flatMap((region) => poolsFor(request, region))
    .flatMap((pool) => pool.workers);
  // A share of a GPU is another number of slots on another worker; the fewest is what it hopes for.
  const widths = gpus === undefined ? [] : workers.flatMap((worker) => slotsNeeded(gpus, worker) ?? []);
  const slots = widths.length === 0 ? 1 : Math.min(...widths);
  return {
    ...{ ...queued, sessionId, tenantId, enqueuedAtMs: createdAtMs, slots },
    ...(priority === undefined ? {} : { priority }),
  };
}

const poolsFor = (
  { model, modelVersion }: SessionRequest,
  { pools }: RegionSnapshot,
): readonly PoolSnapshot[] =>
  pools.filter((pool) => pool.model === model && (modelVersion ?? pool.modelVersion) === pool.modelVersion);

function claimOf({ request, createdAtMs, slots = 1 }: WaitingSession, parts: LineParts): Claim {
  const { latencySteps } = parts.policy;
  const rttOf = rttsOf(request, parts.snapshot);
  return {
    usableAfterMs: parts.snapshot.regions.map((region) => {
      const isNever =
        (request.residency ?? region.jurisdiction) !== region.jurisdiction ||
        (region.reachable && poolsFor(request, region).length === 0);
      return isNever ? Infinity : usableAfterMs(rttOf(region).atMostMs, request, latencySteps);
    }),
    waitedMs: parts.atMs - createdAtMs,
    slots,
  };
}

function supplyFrom({ model, atMs, held, releases, snapshot }: LineParts): readonly RegionSupply[] {
  const history = snapshot.regions.map((region) => {
    const ready = region.pools
      .filter((pool) => pool.model === model)
      .flatMap((pool) => pool.workers)
      .filter((worker) => worker.health === 'ready');
    return {
      region: region.region,
      slots: ready.reduce((sum, { slots }) => sum + slots, 0),
      freeSlots: ready.reduce((sum, worker) => sum + Math.max(0, freeOf(worker)), 0),
      releases: releases
        .filter((release) => release.region === region.region)
        .reduce((sum, { slots }) => sum + slots, 0),
    };
  });
  const since =
    releases.length < MOST_RELEASES
      ? [...held.map(({ sinceMs }) => sinceMs), ...releases.map(({ openedAtMs }) => openedAtMs)]
      : releases.map((release) => release.atMs);
  const windowMs = atMs - since.reduce((least, each) => Math.min(least, each), atMs);
  return supplyOf(history, Math.min(WINDOW_MS, Math.max(LEAST_WINDOW_MS, windowMs)));
}
