/** One user who comes and wants a session. */
export interface Arrival {
  /** Virtual ms from the start of the run. Arrivals are in this order. */
  readonly atMs: number;
  readonly city: string;
  /** How long the session lasts once it is placed, ms. */
  readonly durationMs: number;
  /** Region -> RTT as the client measures it, ms. */
  readonly rttMs: Readonly<Record<string, number>>;
  readonly tenantId: string;
  /** It leaves the queue after this long; undefined: it waits for as long as the policy lets it. */
  readonly patienceMs?: number;
}

export interface City {
  readonly city: string;
  /** Share of the traffic, in any unit. */
  readonly weight: number;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly continent: string;
}

export interface Outage {
  /** A region, or one worker (`REGION-GPUTYPE-N`, N from 1). */
  readonly target: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What happens to the fleet in one run, the same for every contender. */
export interface Traffic {
  readonly arrivals: readonly Arrival[];
  readonly cities: readonly City[];
  readonly outages: readonly Outage[];
  /** Before this the run warms up: nothing of it is counted. */
  readonly countFromMs: number;
  readonly endMs: number;
}
