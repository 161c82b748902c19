// What /admin/v1/billing answers, as far as the page reads it. Money is a string of whole nano-units, never a number.

export interface Bucket {
  readonly from: string;
  readonly to: string;
}

/** Whole units of the currency per user-hour; null before any use. */
type PerUserHour = number | null;

export interface Band {
  readonly low: number;
  readonly high: number;
  readonly currency: string;
}

export interface UsageRow extends Bucket {
  readonly tenant?: string;
  readonly model?: string;
  readonly region?: string;
  readonly gpuType?: string;
  readonly currency: string;
  readonly userHours: number;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  readonly sessionsStarted: number;
  readonly gpuMs: number;
  readonly costNano: string;
  readonly idleNano: string;
  readonly priceNano?: string;
  readonly perUserHour: PerUserHour;
  readonly perUserHourLoaded: PerUserHour;
}

export interface UsageAnswer extends Bucket {
  readonly band: Band;
  readonly rows: readonly UsageRow[];
}

export const IDLE_CAUSES = [
  'warm_buffer',
  'booting',
  'draining',
  'fragmentation',
  'failed_start',
  'quarantined',
  'no_demand',
] as const;

export type IdleCause = (typeof IDLE_CAUSES)[number];

export interface GpuHoursRow extends Bucket {
  readonly region?: string;
  readonly gpuType?: string;
  readonly upMs: number;
  readonly billNano: string;
  readonly sessionNano: string;
  readonly idle: Readonly<Partial<Record<IdleCause, { readonly ms: number; readonly nano: string }>>>;
  readonly currency: string;
}

export interface GpuHoursAnswer extends Bucket {
  readonly rows: readonly GpuHoursRow[];
}

export interface LiveFigures {
  readonly currency: string;
  readonly sessions: number;
  readonly slots: number;
  readonly gpus: number;
  readonly nanoPerHour: string;
  readonly perUserHour: PerUserHour;
  readonly perUserHourLoaded: PerUserHour;
}

export interface LiveAnswer extends LiveFigures {
  readonly at: string;
  readonly band: Band;
  readonly byRegion: readonly ({ readonly region: string } & LiveFigures)[];
  readonly byModel: readonly ({ readonly model: string } & LiveFigures)[];
  readonly unreachableRegions: readonly string[];
}

export interface EconomicsRow {
  readonly pool: string;
  readonly currency: string;
  readonly slotsPerGpu: number;
  readonly density: number;
  readonly userHours: number;
  readonly perUserHour: PerUserHour;
  readonly perUserHourLoaded: PerUserHour;
  readonly perFrameNano: number | null;
}

export interface EconomicsAnswer extends Bucket {
  readonly band: Band;
  readonly rows: readonly EconomicsRow[];
}

export interface MarginRow {
  /** Absent: what nobody but ourselves bears. */
  readonly tenant?: string;
  readonly name?: string;
  readonly currency: string;
  readonly userHours: number;
  readonly priceNano: string;
  readonly costNano: string;
  readonly idleNano: string;
  readonly marginNano: string;
  readonly marginShare: number | null;
}

export interface MarginsAnswer extends Bucket {
  readonly rows: readonly MarginRow[];
}

export interface TopSession {
  readonly session: string;
  readonly tenant: string;
  readonly model: string;
  readonly region: string;
  readonly activeMs: number;
  readonly costNano: string;
  readonly currency: string;
  readonly traceId?: string;
}

export interface TopSessionsAnswer extends Bucket {
  readonly rows: readonly TopSession[];
}

export interface Breach {
  readonly hour: string;
  readonly worker: string;
  readonly incarnation: string;
  readonly differenceNano: string;
  readonly foundAt: string;
  readonly resolvedAt?: string;
}

export interface ConservationAnswer extends Bucket {
  readonly checkedHours: number;
  readonly checkedGpuHours: number;
  /** GPU hours of which something is still to be made anew. */
  readonly deferred: number;
  readonly breaches: readonly Breach[];
}

export interface JobState {
  readonly name: string;
  readonly everyMs: number;
  readonly lastRunAt?: string;
  readonly lastOkAt?: string;
  readonly lastError?: string;
  readonly lagMs: number;
  readonly backlogMs?: number;
  readonly failed: number;
}

export interface JobsAnswer {
  readonly at: string;
  readonly jobs: readonly JobState[];
}

export interface SetAsideAnswer {
  readonly counts: Readonly<Record<string, number>>;
}

export interface Budget {
  readonly id: string;
  readonly limitNano: string;
  readonly currency: string;
  /** Shares of the limit at which somebody is told. */
  readonly alertsAt: readonly number[];
  readonly hardStop: boolean;
}

export interface BudgetsAnswer {
  readonly budgets: readonly Budget[];
}

export interface WhatIfRequest extends Bucket {
  readonly gpuNanoPerHour?: Readonly<Record<string, string>>;
  readonly density?: number;
  readonly spotShare?: { readonly share: number; readonly nanoPerGpuHour: string };
  readonly regionMix?: Readonly<Record<string, number>>;
}

export interface WhatIfOutcome {
  readonly costNano: string;
  readonly userHours: number;
  readonly gpuHours: number;
  readonly perUserHour: PerUserHour;
}

export interface WhatIfAnswer extends Bucket {
  readonly band: Band;
  readonly currency: string;
  readonly baseline: WhatIfOutcome;
  readonly scenario: WhatIfOutcome;
  readonly differenceNano: string;
}
