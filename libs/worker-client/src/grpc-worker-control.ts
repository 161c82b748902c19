// The control plane's calls to a worker. They only speed up what heartbeats would heal, so that every failure is the
// same answer: the worker did not answer.
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { SessionReport, WorkerControl } from '@meridian/application';
import type { EndReason, Epoch, RegionId, SessionId } from '@meridian/domain';
import {
  SessionActivity,
  type EndResponse,
  WorkerServiceClient,
  type SessionReport as SessionReportMessage,
} from '@meridian/protocol/worker';

export interface WorkerControlOptions {
  /** The secret that lets a caller end sessions on a region's workers; undefined: none is sent. */
  readonly secretOf: (region: RegionId) => string | undefined;
  readonly endTimeoutMs: number;
  readonly probeTimeoutMs: number;
}

const DEFAULTS: WorkerControlOptions = {
  secretOf: () => undefined,
  endTimeoutMs: 1_500,
  probeTimeoutMs: 300,
};

export class GrpcWorkerControl implements WorkerControl {
  readonly #options: WorkerControlOptions;

  constructor(options: Partial<WorkerControlOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  async end(address: string, sessionId: SessionId, epoch: Epoch, reason: EndReason, region: RegionId) {
    const request = { sessionId, epoch, endReason: reason };
    const answer = await ask<EndResponse>(address, this.#options.endTimeoutMs, (client, options, done) =>
      client.end(request, this.#authorization(region), options, done),
    );
    return answer?.report && toReport(answer.report);
  }

  async answers(address: string): Promise<boolean> {
    const answer = await ask(address, this.#options.probeTimeoutMs, (client, options, done) =>
      client.describe({}, new Metadata(), options, done),
    );
    return answer !== undefined;
  }

  #authorization(region: RegionId): Metadata {
    const metadata = new Metadata();
    const secret = this.#options.secretOf(region);
    if (secret !== undefined) metadata.set('authorization', `Bearer ${secret}`);
    return metadata;
  }
}

type Call<T> = (
  client: WorkerServiceClient,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, answer: T) => void,
) => void;

/**
 * One connection per call: these calls are rare, and a kept channel to a worker that was away answers "no" for as long
 * as it backs off. Undefined when the worker refuses or does not answer in time.
 */
function ask<T>(address: string, timeoutMs: number, call: Call<T>): Promise<T | undefined> {
  const client = new WorkerServiceClient(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return new Promise<T | undefined>((resolve) => {
    call(client, { deadline: Date.now() + timeoutMs }, (error, answer) =>
      resolve(error ? undefined : answer),
    );
  }).finally(() => client.close());
}

function toReport(report: SessionReportMessage): SessionReport | undefined {
  const activity = ACTIVITIES[report.activity];
  if (activity === undefined) return undefined;
  return {
    sessionId: report.sessionId as SessionId,
    epoch: report.epoch as Epoch,
    startedUs: report.startedUs,
    seq: report.seq,
    activity,
    activeMs: report.activeMs,
    frames: report.frames,
    lateFrames: report.lateFrames,
    ...(report.endReason === '' ? {} : { endReason: report.endReason }),
  };
}

const ACTIVITIES: Partial<Record<SessionActivity, SessionReport['activity']>> = {
  [SessionActivity.CONNECTING]: 'connecting',
  [SessionActivity.ACTIVE]: 'active',
  [SessionActivity.HELD]: 'held',
  [SessionActivity.ENDED]: 'ended',
};
