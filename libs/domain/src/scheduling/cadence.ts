// Health by cadence: a worker that lives but misses its frames' deadlines takes no new sessions until it keeps pace.
// Its state is folded from its heartbeats. `judgeCadence` answers with the very state it was given when nothing
// changed, so that whoever keeps the state writes only the changes.

/** What of one heartbeat is judged. */
export interface CadenceBeat {
  /** Unix ms. */
  readonly atMs: number;
  /** Frames of the last ten seconds that missed their deadline, in [0, 1]; 0 without frames. */
  readonly lateShare: number;
  /** Sessions that it makes frames for: one whose client is away shows nothing of its pace. */
  readonly sessions: number;
  readonly slots: number;
}

export interface Cadence {
  /** `trial`: after a quarantine that its sessions left, one may come and show whether it keeps pace again. */
  readonly state: 'steady' | 'quarantined' | 'trial';
  /** Unix ms at which the newest quarantine began; 0: there was none. */
  readonly quarantinedAtMs: number;
  /** How long that quarantine keeps a worker without sessions, ms; 0: there was none. */
  readonly cooldownMs: number;
  /** Why it was quarantined, for a person; empty: it was not. */
  readonly reason: string;
  /** Unix ms since when every heartbeat was late, or kept pace; undefined: the newest did not. */
  readonly lateSinceMs?: number;
  readonly calmSinceMs?: number;
}

export const STEADY: Cadence = { state: 'steady', quarantinedAtMs: 0, cooldownMs: 0, reason: '' };

export interface CadencePolicy {
  /** A larger share of late frames is too much, in [0, 1]. */
  readonly lateShareMax: number;
  /** Too much for this long is a quarantine, ms. A share spans ten seconds, so one long pause is not too much for long. */
  readonly lateForMs: number;
  /** A share up to this keeps pace: lower than what quarantines, so that a worker at the limit does not flap. */
  readonly calmShareMax: number;
  /** Pace kept for this long ends a quarantine, ms. */
  readonly calmForMs: number;
  /** A worker whose sessions have left gets its trial so long after its first quarantine, ms. */
  readonly cooldownMs: number;
  /** A failed trial, or another quarantine within this time, doubles the cool-down, up to this, ms. */
  readonly cooldownMsMax: number;
}

export const DEFAULT_CADENCE_POLICY: CadencePolicy = {
  lateShareMax: 0.05,
  lateForMs: 12_000,
  calmShareMax: 0.01,
  calmForMs: 20_000,
  cooldownMs: 30_000,
  cooldownMsMax: 960_000,
};

export function judgeCadence(
  before: Cadence,
  beat: CadenceBeat,
  policy: CadencePolicy = DEFAULT_CADENCE_POLICY,
): Cadence {
  const now = withRuns(before, beat, policy);
  const { lateSinceMs = beat.atMs, calmSinceMs = beat.atMs } = now;
  if (now.state !== 'quarantined' && beat.atMs - lateSinceMs >= policy.lateForMs) {
    return quarantine(now, beat, policy);
  }
  if (now.state !== 'steady' && beat.atMs - calmSinceMs >= policy.calmForMs) {
    return { ...withoutRuns(now), state: 'steady' };
  }
  const isCool = beat.atMs - now.quarantinedAtMs >= now.cooldownMs;
  if (now.state === 'quarantined' && beat.sessions === 0 && isCool) {
    return { ...withoutRuns(now), state: 'trial' };
  }
  return now;
}

/** The worker may be given a session: on trial it is one at a time. */
export const takesSessions = ({ state }: Cadence, usedSlots: number): boolean =>
  state === 'steady' || (state === 'trial' && usedSlots === 0);

/** The state with its runs of late and of calm heartbeats going on, beginning or broken. */
function withRuns(before: Cadence, beat: CadenceBeat, policy: CadencePolicy): Cadence {
  const isLate = beat.sessions > 0 && beat.lateShare > policy.lateShareMax;
  const isCalm = before.state !== 'steady' && beat.sessions > 0 && beat.lateShare <= policy.calmShareMax;
  const goesOn =
    isLate === (before.lateSinceMs !== undefined) && isCalm === (before.calmSinceMs !== undefined);
  if (goesOn) return before;
  return {
    ...withoutRuns(before),
    ...(isLate && { lateSinceMs: before.lateSinceMs ?? beat.atMs }),
    ...(isCalm && { calmSinceMs: before.calmSinceMs ?? beat.atMs }),
  };
}

function withoutRuns({ state, quarantinedAtMs, cooldownMs, reason }: Cadence): Cadence {
  return { state, quarantinedAtMs, cooldownMs, reason };
}

function quarantine(before: Cadence, beat: CadenceBeat, policy: CadencePolicy): Cadence {
  const wasLately = before.cooldownMs > 0 && beat.atMs - before.quarantinedAtMs < policy.cooldownMsMax;
  const isAgain = before.state === 'trial' || wasLately;
  const share = `${(100 * beat.lateShare).toFixed(1)} % of frames late over 10 s`;
  const sessions = beat.sessions === 1 ? 'one session' : `${beat.sessions} sessions`;
  return {
    state: 'quarantined',
    quarantinedAtMs: beat.atMs,
    cooldownMs: isAgain ? Math.min(policy.cooldownMsMax, 2 * before.cooldownMs) : policy.cooldownMs,
    reason: `${share}, with ${sessions} on ${beat.slots} slots`,
  };
}
