import { describe, expect, it } from '@jest/globals';
import { EU_WEST, US_EAST } from '@meridian/testkit';
import {
  DescribeResponse,
  HeartbeatRequest,
  RegisterRequest,
  SessionActivity,
  SessionReport,
} from '@meridian/protocol/worker';
import { toHeartbeat, toRegistration } from './fleet-messages.ts';

const SESSION = `ses_${'a'.repeat(26)}`;
const describeWorker = (over: Partial<DescribeResponse> = {}) =>
  DescribeResponse.fromPartial({
    ...{ workerId: 'us-east-1', model: 'gallery', modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72 },
    ...{ framesPerSecond: 25, actions: ['forward'], stateBytes: 1_000, slots: 2 },
    ...over,
  });
const registration = (over: Partial<RegisterRequest> = {}) =>
  RegisterRequest.fromPartial({
    ...{
      workerId: 'us-east-1',
      incarnation: 'i1',
      region: US_EAST,
      address: '127.0.0.1:5000',
      gpuType: 'h100',
    },
    describe: describeWorker(),
    ...over,
  });
const report = (over: Partial<SessionReport> = {}) =>
  SessionReport.fromPartial({
    ...{ sessionId: SESSION, epoch: 1, seq: 3, activity: SessionActivity.ACTIVE, activeMs: 40, frames: 2 },
    ...over,
  });
const heartbeat = (session: SessionReport, over: Partial<HeartbeatRequest> = {}) =>
  HeartbeatRequest.fromPartial({
    workerId: 'us-east-1',
    incarnation: 'i1',
    seq: 1,
    slots: 2,
    sessions: [session],
    ...over,
  });

describe('registration', () => {
  it('names the pool by its parts', () => {
    expect(toRegistration(registration(), US_EAST).worker).toMatchObject({
      workerId: 'us-east-1',
      region: US_EAST,
      pool: 'us-east/h100/gallery@1.0.0',
      slots: 2,
    });
  });

  it('says how many GPUs the worker spans: one when it says nothing', () => {
    expect(toRegistration(registration(), US_EAST).worker.gpus).toBe(1);
    expect(toRegistration(registration({ gpus: 4 }), US_EAST).worker.gpus).toBe(4);
  });

  it('says how its GPUs were bought, on demand when it says nothing, and since when it runs', () => {
    expect(toRegistration(registration(), US_EAST).worker).toMatchObject({ purchase: 'on_demand', ageMs: 0 });
    const spot = registration({ purchase: 'spot', ageMs: 4_000 });
    expect(toRegistration(spot, US_EAST).worker).toMatchObject({ purchase: 'spot', ageMs: 4_000 });
  });

  it('is refused for a region whose secret the caller does not have', () => {
    expect(() => toRegistration(registration(), EU_WEST)).toThrow(
      'This secret is of eu-west, but region says us-east.',
    );
  });

  it.each([
    [{ workerId: '' }, 'workerId must be a worker id'],
    [{ workerId: '../x' }, 'workerId must be a worker id'],
    [{ address: '127.0.0.1' }, 'address must be host:port'],
    [{ address: '0.0.0.0:5000' }, 'address must be an address that gateways can dial'],
    [{ gpuType: 'H 100' }, 'gpuType must be a GPU type'],
    [{ purchase: 'leased' }, 'purchase must be on_demand, reserved or spot'],
    [{ describe: undefined }, 'describe is missing'],
    [{ describe: describeWorker({ slots: 0 }) }, 'describe.slots'],
    [{ describe: describeWorker({ slots: 1_000_000 }) }, 'describe.slots'],
    [{ describe: describeWorker({ model: 'a/b' }) }, 'describe.model must be a model'],
    [{ describe: describeWorker({ workerId: 'other' }) }, 'describe.workerId is other; send us-east-1.'],
  ])('names the field that is wrong: %j', (over, message) => {
    expect(() => toRegistration(registration(over), US_EAST)).toThrow(message);
  });
});

describe('heartbeat', () => {
  it('takes its region from the secret', () => {
    expect(toHeartbeat(heartbeat(report()), EU_WEST)).toMatchObject({
      region: EU_WEST,
      sessions: [{ sessionId: SESSION, epoch: 1, seq: 3, activity: 'active', activeMs: 40, frames: 2 }],
    });
  });

  it.each([
    [{ sessionId: 'x' }, 'sessions.0.sessionId must be a session id'],
    [{ epoch: 0 }, 'sessions.0.epoch'],
    [{ activity: SessionActivity.UNSPECIFIED }, 'sessions.0.activity must be set'],
    [{ activity: 99 as SessionActivity }, 'sessions.0.activity'],
    [{ frames: 1, lateFrames: 2 }, 'sessions.0.lateFrames must not exceed frames'],
  ])('names the field that is wrong: %j', (over, message) => {
    expect(() => toHeartbeat(heartbeat(report(over)), US_EAST)).toThrow(message);
  });

  it('says how many slots a session takes, if the worker knows', () => {
    const [one] = toHeartbeat(heartbeat(report()), US_EAST).sessions;
    const [wide] = toHeartbeat(heartbeat(report({ width: 3 })), US_EAST).sessions;
    expect([one?.width, wide?.width]).toEqual([undefined, 3]);
  });

  it('says how the worker keeps pace', () => {
    const pace = {
      ...{ stepMsP50: 8, stepMsP95: 9, stepMsP99: 10 },
      ...{ encodeMsP50: 2, encodeMsP95: 3, lateShare: 0.25 },
    };
    expect(toHeartbeat(heartbeat(report(), pace), US_EAST).pace).toEqual(pace);
  });

  it.each([
    [{ lateShare: 1.5 }, 'lateShare'],
    [{ lateShare: -0.5 }, 'lateShare'],
    [{ stepMsP99: Number.NaN }, 'stepMsP99'],
    [{ encodeMsP50: -1 }, 'encodeMsP50'],
    [{ encodeMsP95: Number.POSITIVE_INFINITY }, 'encodeMsP95'],
  ])('is refused with a figure that none can be: %j', (over, message) => {
    expect(() => toHeartbeat(heartbeat(report(), over), US_EAST)).toThrow(message);
  });
});
