import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HeartbeatRequest, HeartbeatResponse, RegisterRequest } from '@meridian/protocol/worker';
import { createLogger } from '@meridian/telemetry';
import { Engine } from '../engine/engine.ts';
import { Pace } from '../engine/pace.ts';
import { FakeModel } from '../testing/fake-model.ts';
import { RecordingStream } from '../testing/recording-stream.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { FleetLink } from './fleet-link.ts';

let clock: VirtualClock;
let engine: Engine;
let link: FleetLink;
let registeredMs: number[];
let registrations: RegisterRequest[];
let heartbeats: HeartbeatRequest[];
let heardMs: number[];
let failure: number | undefined;
let latencyMs: number;
let answer: Partial<HeartbeatResponse>;
let startMs: number;

beforeEach(() => {
  process.env['LOG_LEVEL'] = 'silent';
  clock = new VirtualClock();
  [registeredMs, heartbeats, heardMs, failure, latencyMs, answer] = [[], [], [], undefined, 1, {}];
  registrations = [];
  startMs = clock.nowUs() / 1_000;
  engine = new Engine({
    clock,
    model: new FakeModel(clock),
    slots: 2,
    batchMax: 8,
    events: {
      changed: () => link.changed(),
      ended: () => undefined,
      stepped: () => undefined,
      frameSent: () => undefined,
      skipped: () => undefined,
      reanchored: () => undefined,
      modelFault: () => undefined,
    },
  });
  link = linkTo();
  link.start();
});

const elapsedMs = (): number => Math.round(clock.nowUs() / 1_000 - startMs);

function linkTo(): FleetLink {
  const reply = <Response>(response: () => Response): Promise<Response> =>
    new Promise((resolve, reject) => {
      clock.at(clock.nowUs() + latencyMs * 1_000, () => {
        if (failure === undefined) resolve(response());
        else reject(Object.assign(new Error('no'), { code: failure }));
      });
    });
  return new FleetLink({
    fleet: {
      register: (request) => {
        registeredMs.push(elapsedMs());
        registrations.push(request);
        return reply(() => ({ heartbeatIntervalMs: 1_000, jwksJson: '{"keys":[]}' }));
      },
      heartbeat: (request) => {
        heartbeats.push(request);
        heardMs.push(elapsedMs());
        return reply(() => ({ acknowledgedSessionIds: [], stop: [], drain: false, credits: [], ...answer }));
      },
      close: () => undefined,
    },
    clock,
    draw: () => 0,
    engine,
    pace: new Pace(clock, { stepMs: [], encodeMs: [] }),
    logger: createLogger('test'),
    announcement: {
      workerId: 'w',
      incarnation: 'i',
      region: 'r',
      address: 'a:1',
      gpuType: 'h100',
      gpus: 1,
      purchase: 'spot',
      describe: undefined,
    },
    ageMs: () => 700 + elapsedMs(),
    useKeys: () => undefined,
    failed: () => undefined,
  });
}

function openSession(id: string): RecordingStream {
  const claimByMs = clock.nowUs() / 1_000 + 60_000;
  const grant = {
    sessionId: id,
    epoch: 1,
    width: 1,
    claimByMs,
    holdMs: 30_000,
    idleMs: 300_000,
    maxDurationMs: 3_600_000,
  };
  const stream = new RecordingStream(clock);
  engine.attach({ grant, clientKey: 'key', traceId: '' }, stream);
  return stream;
}

describe('the link to the control plane', () => {
  it('registers, tells at once what it serves, and then every second', async () => {
    expect(link.notReady).toBeDefined();
    await clock.advanceMs(3_500);
    expect(link.notReady).toBeUndefined();
    expect(registeredMs).toEqual([0]);
    expect(registrations).toMatchObject([{ purchase: 'spot', ageMs: 700 }]);
    expect(heardMs[0]).toBeLessThan(20);
    expect(heartbeats).toHaveLength(4);
    expect(heartbeats.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it('tells a change at once, and changes together in one heartbeat', async () => {
    await clock.advanceMs(1_500);
    const before = heartbeats.length;
    openSession('a');
    openSession('b');
    await clock.advanceMs(20);
    expect(heartbeats).toHaveLength(before + 1);
    expect(heartbeats.at(-1)?.sessions.map(({ sessionId }) => sessionId)).toEqual(['a', 'b']);
  });

  it('tells a change that came while a heartbeat was under way in the next one, soon', async () => {
    latencyMs = 300;
    await clock.advanceMs(700);
    openSession('a');
    await clock.advanceMs(20);
    openSession('b');
    await clock.advanceMs(300);
    expect(heartbeats.at(-1)?.sessions).toHaveLength(2);
  });

  it('never has two calls under way', async () => {
    latencyMs = 5_000;
    for (let i = 0; i < 20; i += 1) {
      openSession(`s${i}`);
      await clock.advanceMs(100);
    }
    expect(registeredMs.length + heartbeats.length).toBe(1);
  });
});

describe('a control plane that is away', () => {
  it('is asked again with growing pauses, and hears everything once it is back', async () => {
    await clock.advanceMs(1_500);
    failure = status.UNAVAILABLE;
    const stream = openSession('a');
    await clock.advanceMs(20_000);
    expect(stream.frames.length).toBeGreaterThanOrEqual(500);
    const asked = heartbeats.length;
    expect(asked).toBeLessThan(20);
    engine.end('a', 1, 'client_ended');
    failure = undefined;
    answer = { acknowledgedSessionIds: ['a'] };
    await clock.advanceMs(5_000);
    expect(heartbeats[asked]?.sessions).toMatchObject([
      { sessionId: 'a', endReason: 'client_ended', frames: stream.frames.length },
    ]);
    expect(heartbeats.at(-1)?.sessions).toEqual([]);
  });

  it('is registered with again when it has forgotten the worker, without haste', async () => {
    await clock.advanceMs(1_500);
    failure = status.NOT_FOUND;
    await clock.advanceMs(2_000);
    expect(registeredMs.length).toBeGreaterThan(1);
    expect(registeredMs.length).toBeLessThan(12);
    failure = undefined;
    await clock.advanceMs(5_000);
    expect(link.notReady).toBeUndefined();
  });
});

describe('an answer', () => {
  it('stops sessions, but not at an epoch above the one it names', async () => {
    const stream = openSession('a');
    answer = { stop: [{ sessionId: 'a', epoch: 0, endReason: 'operator_ended' }] };
    await clock.advanceMs(1_500);
    expect(stream.closing).toBeUndefined();
    answer = { stop: [{ sessionId: 'a', epoch: 1, endReason: 'operator_ended' }] };
    await clock.advanceMs(1_500);
    expect(stream.closing).toMatchObject({ kind: 'ended', notice: { endReason: 'operator_ended' } });
  });

  it('drains and lifts the drain; a drain by call stays until the operator lifts one', async () => {
    engine.drain(true);
    await clock.advanceMs(2_500);
    expect(heartbeats.at(-1)?.draining).toBe(true);
    answer = { drain: true };
    await clock.advanceMs(1_500);
    answer = { drain: false };
    await clock.advanceMs(2_500);
    expect(engine.draining).toBe(false);
  });
});

describe('new keys', () => {
  it('are asked for at most every five seconds', async () => {
    await clock.advanceMs(1_500);
    const asking = Promise.all([link.refreshKeys(), link.refreshKeys(), link.refreshKeys()]);
    await clock.advanceMs(100);
    await asking;
    expect(registeredMs).toHaveLength(2);
    expect(registrations[1]?.ageMs).toBe(700 + (registeredMs[1] ?? 0));
    const again = link.refreshKeys();
    await clock.advanceMs(6_000);
    await again;
    expect(registeredMs).toHaveLength(2);
  });
});

it('says a last word, and does not wait for an answer that does not come', async () => {
  await clock.advanceMs(1_500);
  latencyMs = 60_000;
  const before = heartbeats.length;
  const said = link.sayNow(700);
  await clock.advanceMs(701);
  await said;
  expect(heartbeats).toHaveLength(before + 1);
  link.close();
  await clock.advanceMs(120_000);
  expect(heartbeats).toHaveLength(before + 1);
});
