import { expect, it } from '@jest/globals';
import { Pace } from '../engine/pace.ts';
import { EngineSetup } from '../testing/engine-setup.ts';
import { healthOf } from './health.ts';

it('tells of sessions, slots and pace, also of a worker that drains or is in quarantine', async () => {
  const setup = new EngineSetup();
  const { clock, engine, model } = setup;
  const pace = new Pace(clock, { stepMs: [4], encodeMs: [1] });
  expect(healthOf(engine, pace, 5)).toMatchObject({
    stepMs: { p50: 4, p95: 4, p99: 4 },
    encodeMs: { p99: 1 },
    sessions: 0,
    slots: 2,
    draining: false,
    quarantined: false,
    uptimeS: 5,
  });
  setup.open();
  await clock.advanceMs(100);
  engine.drain(true);
  expect(healthOf(engine, pace, 5)).toMatchObject({ sessions: 1, slots: 2, draining: true });
  model.usable = false;
  expect(healthOf(engine, pace, 5)).toMatchObject({ sessions: 1, slots: 0, quarantined: true });
});
