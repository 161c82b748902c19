// The sessions of the bench, as their control plane would have stored them, and the workers that report them.
import type { SessionReport, WorkerHeartbeat, WorkerRegistration } from '@meridian/application';
import {
  DEFAULT_PURCHASE,
  FIRST_EPOCH,
  poolIdOf,
  type Incarnation,
  type RegionId,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';

export const REGION = 'us-east' as RegionId;
const PLACE = { region: REGION, gpuType: 'bench', model: 'gallery', modelVersion: '1.0.0' };
const POOL = poolIdOf(PLACE);
const INCARNATION = 'one' as Incarnation;
const NO_PACE = { stepMsP50: 8, stepMsP95: 9, stepMsP99: 10, encodeMsP50: 2, encodeMsP95: 3, lateShare: 0 };
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

export interface CrowdPlan {
  readonly sessions: number;
  /** Sessions on each worker, and so readings in each heartbeat. */
  readonly slots: number;
  /** From this instant on all of them have been active, Unix ms. */
  readonly startedAtMs: number;
}

/** An id as the control plane draws them, of a number. */
export function sessionIdOf(number: number): SessionId {
  // Spread over all ids, as drawn ones are: neighbours in number are no neighbours in an index.
  let left = (BigInt(number) + 1n) * 0x9e3779b97f4a7c15f39cc0605cedc835n;
  let text = '';
  for (let i = 0; i < 26; i++) {
    text += ALPHABET[Number(left & 31n)] ?? '';
    left >>= 5n;
  }
  return `ses_${text}` as SessionId;
}

export const workerIdOf = (number: number): WorkerId => `us-east-${number}` as WorkerId;

/** One worker with its sessions; its counters are those of time. */
export class ReportingWorker {
  readonly registration: WorkerRegistration;
  readonly #sessionIds: readonly SessionId[];
  readonly #startedAtMs: number;
  #seq = 0;

  constructor(number: number, { sessions, slots, startedAtMs }: CrowdPlan) {
    const first = number * slots;
    const count = Math.min(slots, sessions - first);
    this.#sessionIds = Array.from({ length: count }, (_, i) => sessionIdOf(first + i));
    this.#startedAtMs = startedAtMs;
    this.registration = {
      ...{ ...PLACE, pool: POOL, workerId: workerIdOf(number), incarnation: INCARNATION, slots, gpus: 1 },
      ...{ framesPerSecond: 25, address: '127.0.0.1:1', purchase: DEFAULT_PURCHASE, ageMs: 0 },
      ...{ stateBytes: 4_096, rebuildMs: 0 },
    };
  }

  /** Its next heartbeat: every session has gone on. */
  beat(nowMs: number): WorkerHeartbeat {
    this.#seq += 1;
    const { workerId, incarnation, region, slots } = this.registration;
    const sessions = this.#sessionIds.map((sessionId) => this.#report(sessionId, nowMs));
    return { workerId, incarnation, region, slots, seq: this.#seq, draining: false, pace: NO_PACE, sessions };
  }

  #report(sessionId: SessionId, nowMs: number): SessionReport {
    const activeMs = Math.max(0, nowMs - this.#startedAtMs);
    return {
      ...{
        sessionId,
        epoch: FIRST_EPOCH,
        startedUs: this.#startedAtMs * 1_000,
        seq: this.#seq,
        activity: 'active',
        activeMs,
      },
      ...{ frames: Math.floor(activeMs / 40), lateFrames: Math.floor(activeMs / 40_000) },
    };
  }
}

/** Tenant, rate, sessions, meters and uptimes, as rows. $1: ids, $2: workers, $3: slots, $4: when they began. */
export const SEED_SESSIONS = `
  WITH given AS (SELECT * FROM unnest($1::text[], $2::text[]) AS g(session_id, worker_id)),
  session AS (
    INSERT INTO sessions (session_id, tenant_id, state, epoch, event_count, created_at, updated_at, folded, model)
    SELECT session_id, 'ten_bench', 'active', 1, 3, $4::timestamptz, $4::timestamptz, '{}', 'gallery' FROM given
  ),
  uptime AS (
    INSERT INTO worker_uptime (worker_id, incarnation, region, pool, gpu_type, slots, started_at, last_seen_at)
    SELECT DISTINCT worker_id, 'one', '${REGION}', '${POOL}', 'bench', $3::int, $4::timestamptz, $4::timestamptz FROM given
    ON CONFLICT DO NOTHING
  )
  INSERT INTO meters
    (session_id, epoch, tenant_id, region, pool, gpu_type, model, model_version, worker_id, trace_id, width, slots,
     seq, started_at, last_at, last_active_ms, last_frames, last_late_frames, cut_at, cut_active_ms, cut_frames,
     cut_late_frames)
  SELECT session_id, 1, 'ten_bench', '${REGION}', '${POOL}', 'bench', 'gallery', '1.0.0', worker_id, md5(session_id), 1,
         $3::int, -1, $4::timestamptz, $4::timestamptz, 0, 0, 0, $4::timestamptz, 0, 0, 0
  FROM given`;

export const SEED_TENANT = `
  WITH tenant AS (
    INSERT INTO tenants (tenant_id, name, max_sessions, created_at) VALUES ('ten_bench', 'bench', 1000000, now())
  )
  INSERT INTO rates (rate_id, gpu_type, currency, nano_per_gpu_hour, effective_from, recorded_at)
  VALUES ('rate_bench', 'bench', 'GBP', 2400000000, 'epoch', 'epoch') ON CONFLICT DO NOTHING`;
