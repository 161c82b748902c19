// What a simulation takes and gives, whoever places the sessions. Times are virtual ms from the start of the run.
import type { Scenario } from './scenario.ts';
import type { Traffic } from './traffic/traffic.ts';

/** Somebody who places the arrivals of a run: Meridian's own use cases, or a rule to compare them with. */
export interface Contender {
  readonly name: string;
  /** The same scenario, traffic and seed give the same result, but for `decisionNs`. */
  run(scenario: Scenario, traffic: Traffic, options: RunOptions): Promise<RunResult>;
}

export interface RunOptions {
  readonly seed: number;
  /** Called now and then with the share of the run that is done, in [0, 1]. */
  readonly onProgress?: (share: number) => void;
}

export interface RunResult {
  readonly contender: string;
  /** What became of each arrival, in the order of `traffic.arrivals`. */
  readonly arrivals: readonly ArrivalResult[];
  /** The fleet and the queue, every minute of the run. */
  readonly samples: readonly FleetSample[];
  /** From `traffic.countFromMs` to `traffic.endMs`. */
  readonly bill: FleetBill;
  /** Sessions moved to another worker after an outage. */
  readonly migrations: number;
  /** Wall time of each placement decision, ns; no part of what a seed repeats. */
  readonly decisionNs: readonly number[];
}

export type ArrivalOutcome =
  /** It got a slot. */
  | 'placed'
  /** It was refused at once. */
  | 'rejected'
  /** It waited, and left or was sent away without a slot. */
  | 'abandoned'
  /** The run ended while it waited. */
  | 'waiting';

export interface ArrivalResult {
  readonly outcome: ArrivalOutcome;
  readonly placedAtMs?: number;
  /** Where it was first placed. */
  readonly region?: string;
  /** RTT to that region, ms. */
  readonly rttMs?: number;
  /** The wait it was told when it queued, ms. */
  readonly etaMs?: number;
  /** An outage ended it before its time. */
  readonly lost?: true;
}

export interface FleetSample {
  readonly atMs: number;
  readonly queued: number;
  readonly regions: Readonly<Record<string, RegionSample>>;
}

export interface RegionSample {
  /** Slots on GPUs that serve: those that boot are not counted, those that drain only with what they still hold. */
  readonly slots: number;
  /** Slots with a session. */
  readonly busy: number;
  /** GPUs that are paid for, booting and draining ones included. */
  readonly gpus: number;
}

export interface FleetBill {
  /** Time that GPUs were paid for: from when one is asked for (its boot included) until it is gone, ms. */
  readonly paidGpuMs: number;
  /** Slot time that sessions held, as GPUs: ms of a slot / slots of its GPU. */
  readonly busyGpuMs: number;
  /** Time of sessions, ms. */
  readonly sessionMs: number;
  readonly costGbp: number;
}
