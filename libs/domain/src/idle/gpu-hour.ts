// M3. Conservation, per GPU and hour: what sessions cost + what stood idle, by cause = the GPU's bill, exactly.
import type { Incarnation, PoolId, RegionId, WorkerId } from '../ids.ts';
import type { PurchaseKind } from '../metering/purchase.ts';

/** Why a GPU that we pay for served no session. Order matters: it breaks ties when nanos are split. */
export const IDLE_CAUSES = [
  /** Ready and empty, and wanted so by the capacity advice. */
  'warm_buffer',
  /** From the start of the process until it took sessions. */
  'booting',
  /** Takes no new sessions, because it is to go. */
  'draining',
  /** Left over beside the sessions of a worker in use: free slots, and slots held for somebody who does not play. */
  'fragmentation',
  /** A process that went away before it was ever ready. */
  'failed_start',
  /** Takes no new sessions, because its frames came late. */
  'quarantined',
  /** Ready and empty, and more than was wanted. */
  'no_demand',
] as const;
export type IdleCause = (typeof IDLE_CAUSES)[number];

export interface IdlePart {
  /** ms of GPU. */
  readonly ms: number;
  readonly nano: bigint;
}

export type IdleByCause = Readonly<Record<IdleCause, IdlePart>>;

/** One worker process in one UTC hour. Times are ms of GPU: a process on two GPUs has two of them each ms. */
export interface GpuHour {
  /** Start of the hour, Unix ms. */
  readonly hourMs: number;
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly purchase: PurchaseKind;
  readonly gpus: number;
  /** `activeMs` and the idle of every cause add up to it. */
  readonly upMs: number;
  readonly currency: string;
  /** Uptime x rates, floored once: `sessionNano` and the idle of every cause add up to it (M3). */
  readonly billNano: bigint;
  readonly sessionNano: bigint;
  /** Time that sessions paid for, by their share of the worker's slots. */
  readonly activeMs: number;
  readonly idle: IdleByCause;
}
