import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials, status, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Epoch, RegionId, SessionId } from '@meridian/domain';
import {
  DescribeResponse,
  SessionActivity,
  WorkerServiceService,
  type EndRequest,
  type EndResponse,
} from '@meridian/protocol/worker';
import { GrpcWorkerControl } from './grpc-worker-control.ts';

type Answer = (call: ServerUnaryCall<EndRequest, EndResponse>, done: sendUnaryData<EndResponse>) => void;

const REPORT = {
  sessionId: 'ses_1',
  epoch: 2,
  seq: 9,
  activity: SessionActivity.ENDED,
  activeMs: 1_000,
  frames: 25,
  lateFrames: 1,
  endReason: 'client_ended',
  startedUs: 1,
  traceId: '',
  width: 1,
};

let server: Server;
let address: string;
let answer: Answer;
const secretOf = (region: RegionId) => `the secret of ${region}`;
const control = new GrpcWorkerControl({ secretOf, endTimeoutMs: 5_000, probeTimeoutMs: 5_000 });

const end = (by = control) =>
  by.end(address, 'ses_1' as SessionId, 2 as Epoch, 'client_ended', 'us-east' as RegionId);

beforeEach(async () => {
  server = new Server();
  server.addService(WorkerServiceService, {
    end: (call: ServerUnaryCall<EndRequest, EndResponse>, done: sendUnaryData<EndResponse>) =>
      answer(call, done),
    describe: (_call: unknown, done: sendUnaryData<DescribeResponse>) =>
      done(null, DescribeResponse.create()),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  address = `127.0.0.1:${String(port)}`;
});

afterEach(() => server.forceShutdown());

describe('GrpcWorkerControl', () => {
  it('ends a session with the region’s secret, and answers with its final counters', async () => {
    let asked: unknown;
    answer = ({ request, metadata }, done) => {
      asked = { ...request, authorization: metadata.get('authorization') };
      done(null, { report: REPORT });
    };
    expect(await end()).toEqual({
      sessionId: 'ses_1',
      epoch: 2,
      startedUs: 1,
      seq: 9,
      activity: 'ended',
      activeMs: 1_000,
      frames: 25,
      lateFrames: 1,
      endReason: 'client_ended',
    });
    expect(asked).toEqual({
      sessionId: 'ses_1',
      epoch: 2,
      endReason: 'client_ended',
      authorization: ['Bearer the secret of us-east'],
    });
  });

  it('has no counters from a worker that does not know, refuses, is silent, or is gone', async () => {
    answer = (_call, done) => done(null, { report: undefined });
    expect(await end()).toBeUndefined();
    answer = (_call, done) => done({ code: status.FAILED_PRECONDITION });
    expect(await end()).toBeUndefined();
    answer = () => undefined;
    expect(await end(new GrpcWorkerControl({ endTimeoutMs: 50 }))).toBeUndefined();
    server.forceShutdown();
    expect(await end()).toBeUndefined();
  });

  it('tells a worker that answers from one that is gone', async () => {
    expect(await control.answers(address)).toBe(true);
    server.forceShutdown();
    expect(await control.answers(address)).toBe(false);
  });
});
