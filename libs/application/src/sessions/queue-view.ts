// Everyone who waits asks for the place every second, every open asks who waits, the dispatcher asks twice a second: one
// look at the record answers all of them. It is taken anew when it is a second old.
import {
  correctionOf,
  learned,
  LEAST_WAIT_MS,
  UNCALIBRATED,
  type Calibration,
  type QueuePlace,
  type Session,
  type WorkerId,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { QueuedRequest, QueueRecord } from '../ports/queue-record.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
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
  /** `fresh`: from the record as it is now, else at most a second old. Throws `StoreUnavailable`. */
  read(options?: { readonly fresh?: boolean }): Promise<QueueLook>;
  /** The place as it is told: with the estimate corrected by how right earlier ones of the model were. */
  told(model: string, standing: Standing): QueuePlace;
  /** A session has just left the queue for a slot: what it was told first is compared with its wait. */
  learn(placed: Session): void;
}

const MOST_WAITING = 10_000;
/** More than become free between two runs of the queue. */
const MOST_SPEAKING = 200;
const KEPT_MS = 1_000;

export function makeQueueView({ queueRecord, capacity, policies, clock }: QueueViewPorts): QueueView {
  let kept: { readonly atMs: number; readonly look: Promise<QueueLook> } | undefined;
  const calibrations = new Map<string, Calibration>();

  const look = async (atMs: number): Promise<QueueLook> => {
    const waiting = await queueRecord.waiting(MOST_WAITING);
    const byModel = Map.groupBy(waiting, ({ request }) => request.model);
    const models = [...byModel.keys()];
    const lines = new Map<string, Promise<ModelLine>>();
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
    const line = (model: string): Promise<ModelLine> => {
      const made = lines.get(model) ?? lineOf(model);
      lines.set(model, made);
      return made;
    };
    const joined = new Map<string, QueuedRequest[]>();
    return {
      ...{ atMs, waiting, models, line },
      async keptFrom(model) {
        const { kept: forOne } = byModel.has(model) ? await line(model) : {};
        return forOne ? [forOne.workerId] : [];
      },
      waitingFor: (model) =>
        [...(byModel.get(model)?.slice(0, MOST_SPEAKING) ?? []), ...(joined.get(model) ?? [])].slice(
          0,
          MOST_SPEAKING,
        ),
      join(into, newcomer) {
        const { model } = newcomer.entry.request;
        into.join(newcomer);
        joined.set(model, [...(joined.get(model) ?? []), newcomer.entry]);
      },
    };
  };

  return {
    read({ fresh = false } = {}) {
      const atMs = clock.nowMs();
      if (!kept || fresh || atMs - kept.atMs >= KEPT_MS) {
        const next = { atMs, look: look(atMs) };
        kept = next;
        // Who asks after a failure asks the record again.
        next.look.catch(() => {
          if (kept === next) kept = undefined;
        });
      }
      return kept.look;
    },
    told(model, { position, estimateMs }) {
      const correction = correctionOf(calibrations.get(model) ?? UNCALIBRATED);
      return { position, etaMs: Math.max(LEAST_WAIT_MS, Math.round(estimateMs * correction)) };
    },
    learn({ request: { model }, createdAtMs, updatedAtMs, toldWait }) {
      if (!toldWait) return;
      const known = calibrations.get(model) ?? UNCALIBRATED;
      calibrations.set(model, learned(known, toldWait.estimateMs, updatedAtMs - createdAtMs));
    },
  };
}
