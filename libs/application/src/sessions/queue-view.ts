// Everyone who waits asks for the place every second, every open asks who waits, the dispatcher asks twice a second: one
// look at the record answers all of them. It is taken anew when it is a second old.
import { LEAST_WAIT_MS, type QueuePlace, type WorkerId } from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { QueuedRequest, QueueRecord } from '../ports/queue-record.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import { makeEtaCorrections, type EtaCorrections } from './eta-corrections.ts';
import {
  makeModelLine,
  MOST_RELEASES,
  WINDOW_MS,
  type ModelLine,
  type Newcomer,
  type Standing,
} from './model-line.ts';

export interface QueueViewPorts {
  readonly queueRecord: QueueRecord;
  readonly capacity: Capacity;
  readonly policies: PoliciesInForce;
  readonly clock: Clock;
}

export interface QueueLook {
  /** When it was begun, Unix ms. */
  readonly atMs: number;
  /** Everyone who waited, oldest first. */
  readonly waiting: readonly QueuedRequest[];
  /** Models that somebody waits for. */
  readonly models: readonly string[];
  line(model: string): Promise<ModelLine>;
  /** Those who wait for the model, oldest first, also who joined since the look; the first 200, who speak for free slots. */
  waitingFor(model: string): readonly QueuedRequest[];
  join(line: ModelLine, newcomer: Newcomer): void;
  /** Workers whose slots a newcomer does not get: they are kept for one who waits. */
  keptFrom(model: string): Promise<readonly WorkerId[]>;
}

export interface QueueView {
  /** `fresh`: from the record as it is now, else about a second old. Throws `StoreUnavailable`. */
  read(options?: { readonly fresh?: boolean }): Promise<QueueLook>;
  /** The place as it is told: with the estimate corrected by how right earlier ones of the model were. */
  told(model: string, standing: Standing): QueuePlace;
}

const MOST_WAITING = 10_000;
/** More than become free between two runs of the queue. */
const MOST_SPEAKING = 200;
const KEPT_MS = 1_000;
/** While a new look is being taken, the one before answers everyone but who asked for it, if it is no older, ms. */
const MAY_STAND_IN_MS = 3_000;

export function makeQueueView(ports: QueueViewPorts): QueueView {
  const corrections = makeEtaCorrections(ports.queueRecord);
  let kept: { readonly atMs: number; readonly look: Promise<QueueLook> } | undefined;
  let last: QueueLook | undefined;
  return {
    read({ fresh = false } = {}) {
      const atMs = ports.clock.nowMs();
      if (kept && !fresh && atMs - kept.atMs < KEPT_MS) {
        return last && atMs - last.atMs < MAY_STAND_IN_MS ? Promise.resolve(last) : kept.look;
      }
      const next = { atMs, look: takeLook(ports, corrections, atMs) };
      kept = next;
      next.look.then(
        (look) => {
          if (kept === next) last = look;
        },
        // Who asks after a failure asks the record again.
        () => {
          if (kept === next) kept = undefined;
        },
      );
      return next.look;
    },
    told(model, { position, estimateMs }) {
      return { position, etaMs: Math.max(LEAST_WAIT_MS, Math.round(estimateMs * corrections.of(model))) };
    },
  };
}

async function takeLook(
  { queueRecord, capacity, policies }: QueueViewPorts,
  corrections: EtaCorrections,
  atMs: number,
): Promise<QueueLook> {
  const waiting = await queueRecord.waiting(MOST_WAITING);
  await corrections.look(waiting);
  const byModel = Map.groupBy(waiting, ({ request }) => request.model);
  const lineOf = async (model: string): Promise<ModelLine> => {
    const [held, releases, snapshot, { policy }] = await Promise.all([
      queueRecord.held(model),
      queueRecord.releases(model, atMs - WINDOW_MS, MOST_RELEASES),
      capacity.read(),
      policies.of(model),
    ]);
    const rows = { waiting: byModel.get(model) ?? [], held, releases };
    return makeModelLine({ model, atMs, ...rows, snapshot, policy });
  };
  const lines = new Map<string, Promise<ModelLine>>();
  const line = (model: string): Promise<ModelLine> => {
    const made = lines.get(model) ?? lineOf(model);
    lines.set(model, made);
    return made;
  };
  const joined = new Map<string, QueuedRequest[]>();
  return {
    ...{ atMs, waiting, models: [...byModel.keys()], line },
    async keptFrom(model) {
      const { kept: forOne } = byModel.has(model) ? await line(model) : {};
      return forOne ? [forOne.workerId] : [];
    },
    waitingFor(model) {
      const first = byModel.get(model)?.slice(0, MOST_SPEAKING) ?? [];
      return [...first, ...(joined.get(model) ?? [])].slice(0, MOST_SPEAKING);
    },
    join(into, newcomer) {
      const { model } = newcomer.entry.request;
      into.join(newcomer);
      corrections.joined(newcomer.entry.sessionId);
      joined.set(model, [...(joined.get(model) ?? []), newcomer.entry]);
    },
  };
}
