import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  DEFAULT_CADENCE_POLICY as POLICY,
  judgeCadence,
  STEADY,
  takesSessions,
  type Cadence,
} from './cadence.ts';

/** A worker that beats once a second from second 1 on. */
class Beating {
  cadence: Cadence = STEADY;
  atMs = 0;

  /** So many seconds with this share of frames late. */
  for(seconds: number, lateShare: number, sessions = 2): this {
    for (let i = 0; i < seconds; i++) {
      this.atMs += 1_000;
      this.cadence = judgeCadence(this.cadence, { atMs: this.atMs, lateShare, sessions, slots: 4 });
    }
    return this;
  }

  get state(): string {
    return this.cadence.state;
  }
}

const LATE_S = POLICY.lateForMs / 1_000 + 1;
const CALM_S = POLICY.calmForMs / 1_000 + 1;
const COOL_S = POLICY.cooldownMs / 1_000;
const quarantined = () => new Beating().for(LATE_S, 0.052);

describe('a worker that misses its deadlines', () => {
  it('is quarantined once it has for a while, with the reason', () => {
    expect(new Beating().for(LATE_S - 1, 0.052).state).toBe('steady');
    expect(quarantined().cadence).toMatchObject({
      state: 'quarantined',
      reason: '5.2 % of frames late over 10 s, with 2 sessions on 4 slots',
    });
  });

  it('is not for a share at the limit, nor for one long pause of ten seconds of frames', () => {
    expect(new Beating().for(600, 0.05).state).toBe('steady');
    expect(new Beating().for(10, 0.2).for(1, 0).for(10, 0.2).state).toBe('steady');
  });

  it('is not without sessions: then nothing can be late', () => {
    expect(new Beating().for(60, 0.5, 0).state).toBe('steady');
  });

  it('comes back when it has kept pace for a while, not when it is just below the limit', () => {
    expect(quarantined().for(600, 0.04).state).toBe('quarantined');
    expect(quarantined().for(CALM_S - 1, 0.01).state).toBe('quarantined');
    expect(quarantined().for(CALM_S, 0.01).state).toBe('steady');
    expect(
      quarantined()
        .for(CALM_S - 1, 0)
        .for(1, 0.02)
        .for(1, 0).state,
    ).toBe('quarantined');
  });

  it('is given one session on trial when its own have left and it has cooled down', () => {
    const worker = quarantined();
    expect(worker.for(COOL_S - 1, 0, 0).state).toBe('quarantined');
    expect(worker.for(1, 0, 0).state).toBe('trial');
    expect([takesSessions(worker.cadence, 0), takesSessions(worker.cadence, 1)]).toEqual([true, false]);
    expect(worker.for(CALM_S, 0, 1).state).toBe('steady');
    expect(takesSessions(worker.cadence, 1)).toBe(true);
  });

  it('cools down twice as long each time that a trial fails, up to a bound', () => {
    const worker = quarantined();
    const cooldowns = Array.from({ length: 8 }, () => {
      const { cooldownMs } = worker.cadence;
      worker.for(cooldownMs / 1_000, 0, 0);
      expect(worker.state).toBe('trial');
      worker.for(LATE_S, 0.3, 1);
      expect(worker.state).toBe('quarantined');
      return cooldownMs / COOL_S / 1_000;
    });
    expect(cooldowns).toEqual([1, 2, 4, 8, 16, 32, 32, 32]);
  });

  it('starts afresh when it kept pace for long', () => {
    const worker = quarantined().for(POLICY.cooldownMsMax / 1_000, 0);
    expect(worker.for(LATE_S, 0.1).cadence).toMatchObject({ cooldownMs: POLICY.cooldownMs });
  });

  it('changes its state only now and then, so that it need not be stored with every heartbeat', () => {
    const worker = new Beating().for(1, 0);
    const before = worker.cadence;
    expect(worker.for(100, 0).cadence).toBe(before);
    const inQuarantine = quarantined().for(1, 0.5);
    expect(inQuarantine.for(100, 0.5).cadence).toBe(inQuarantine.for(1, 0.5).cadence);
  });
});

describe('whatever the heartbeats say', () => {
  const beats = fc.array(
    fc.record({
      seconds: fc.integer({ min: 1, max: 60 }),
      lateShare: fc.double({ min: 0, max: 1, noNaN: true }),
      sessions: fc.nat(4),
    }),
    { maxLength: 40 },
  );

  it('a worker is not kept for ever: without sessions it gets a trial within the longest cool-down', () => {
    fc.assert(
      fc.property(beats, (runs) => {
        const worker = new Beating();
        for (const { seconds, lateShare, sessions } of runs) worker.for(seconds, lateShare, sessions);
        worker.for(POLICY.cooldownMsMax / 1_000, 0, 0);
        expect(takesSessions(worker.cadence, 0)).toBe(true);
      }),
    );
  });
});
