// How right the told waits are, on virtual time: a Poisson stream of opens somewhat above what 24 slots can take, and
// sessions whose lengths nobody announced.
import { describe, expect, it } from '@jest/globals';
import type { Session } from '@meridian/domain';
import { aTenant, makeWorld, SeededDraw, workerId, type World } from '@meridian/testkit';

interface Traffic {
  readonly seed: number;
  /** Mean length of a session, ms. */
  readonly sessionMs: number;
  /** Opens for each slot release. */
  readonly pressure: number;
  /** Share of those who wait that cancel, at a random moment of the first two minutes. */
  readonly cancelShare: number;
}

/** It may open as many as it likes. */
const MANY = aTenant({ maxSessions: 10_000 });
const SLOTS = 24;
const STEP_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Sessions that left the queue for a slot within two hours, the first half hour left out. */
async function watch(traffic: Traffic): Promise<readonly Session[]> {
  const world = makeWorld({ seed: traffic.seed });
  for (let i = 0; i < SLOTS / 8; i += 1) await world.addWorker({ workerId: workerId(`w${i}`), slots: 8 });
  const chance = new SeededDraw(traffic.seed);
  const exponential = (meanMs: number) => -meanMs * Math.log(1 - chance.next());
  const ends = new Map<Session, number>();
  const beginMs = world.clock.nowMs();
  const begin = async (session: Session) => {
    await world.connect(session);
    ends.set(session, world.clock.nowMs() + exponential(traffic.sessionMs));
  };
  const betweenOpensMs = traffic.sessionMs / SLOTS / traffic.pressure;
  let nextOpenMs = beginMs;
  const left: Session[] = [];
  while (world.clock.nowMs() < beginMs + 2 * HOUR_MS) {
    world.clock.advance(STEP_MS);
    const nowMs = world.clock.nowMs();
    for (const worker of world.fleet) await worker.beat();
    for (; nextOpenMs <= nowMs; nextOpenMs += exponential(betweenOpensMs)) {
      const outcome = await world.open({ tenant: MANY });
      if (outcome.kind !== 'opened') throw new Error(outcome.kind);
      if (outcome.session.state === 'reserved') await begin(outcome.session);
      else if (chance.chance(traffic.cancelShare)) ends.set(outcome.session, nowMs + chance.below(120_000));
    }
    await endThose(world, ends, nowMs);
    for (const session of (await world.dispatchQueue()).dispatched) {
      await begin(session);
      if (nowMs > beginMs + HOUR_MS / 2) left.push(session);
    }
  }
  return left;
}

async function endThose(world: World, ends: Map<Session, number>, nowMs: number): Promise<void> {
  for (const [session, atMs] of ends) {
    if (atMs > nowMs) continue;
    ends.delete(session);
    // Who meant to cancel, and got a slot first, stays.
    const { state = 'ended' } = (await world.sessions.find(session.request.sessionId)) ?? {};
    if (session.state === 'queued' && state !== 'queued') continue;
    await world.endSession({ sessionId: session.request.sessionId, reason: 'client_ended' });
  }
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? NaN;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** Actual wait for each told, and for each estimate before correction. */
function ratiosOf(left: readonly Session[]) {
  const told = left.flatMap(({ createdAtMs, updatedAtMs, toldWait }) =>
    toldWait ? [{ ...toldWait, waitedMs: updatedAtMs - createdAtMs }] : [],
  );
  return {
    told: told.map(({ waitedMs, etaMs }) => waitedMs / etaMs),
    uncorrected: told.map(({ waitedMs, estimateMs }) => waitedMs / estimateMs),
  };
}

describe('what those who wait are told', () => {
  it.each([1, 2])('is right in the middle and on average with Poisson releases, seed %i', async (seed) => {
    const left = await watch({ seed, sessionMs: 240_000, pressure: 1.02, cancelShare: 0 });
    const { told } = ratiosOf(left);
    expect(told.length).toBeGreaterThan(150);
    expect(quantile(told, 0.5)).toBeGreaterThan(0.7);
    expect(quantile(told, 0.5)).toBeLessThan(1.4);
    expect(Math.abs(mean(told) - 1)).toBeLessThan(0.3);
  });

  it('learns that many in front cancel, which the estimate does not know', async () => {
    const left = await watch({ seed: 4, sessionMs: 240_000, pressure: 1.5, cancelShare: 0.4 });
    const { told, uncorrected } = ratiosOf(left);
    expect(mean(uncorrected)).toBeLessThan(0.85);
    expect(Math.abs(mean(told) - 1)).toBeLessThan(0.15);
  });
});
