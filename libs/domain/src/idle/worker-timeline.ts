/** `failed`: it was never anything but booting, and is gone. */
export const WORKER_STATES = ['booting', 'ready', 'draining', 'quarantined', 'failed'] as const;
export type WorkerStateName = (typeof WORKER_STATES)[number];

/** What a worker was from an instant on, until the next. */
export interface WorkerMoment {
  /** Unix ms. */
  readonly atMs: number;
  readonly state: WorkerStateName;
  /** Slots that leases hold, of those that it can serve. */
  readonly usedSlots: number;
  readonly slots: number;
  /** The capacity advice wants it warm, should it be empty. */
  readonly isWanted: boolean;
}

/** From `fromMs` up to but without `toMs`. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
