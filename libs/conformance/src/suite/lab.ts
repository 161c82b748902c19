// What a case works with: the worker under test, the control plane around it, and streams that are cleaned up after it.
import { Codec, type Checkpoint, type FrameFormat } from '@meridian/protocol';
import {
  SessionActivity,
  type DescribeResponse,
  type HeartbeatRequest,
  type RegisterRequest,
  type SessionReport,
  type WorkerServiceClient,
} from '@meridian/protocol/worker';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { workerClient, type PlayOptions, type SeenFrame, type Stamp } from '../client/play-stream.ts';
import { WorkerCalls } from '../client/worker-calls.ts';
import type { FakeFleet } from '../fleet/fake-fleet.ts';
import type { TestClaims, TokenMint } from '../fleet/token-mint.ts';
import type { ProcessControl } from '../process/process-control.ts';
import { answered, expect, expectSame, NotTried } from './expect.ts';
import { twoInputs, type Input } from './inputs.ts';
import { SessionStream } from './session-stream.ts';

export interface LabPorts {
  readonly fleet: FakeFleet;
  readonly mint: TokenMint;
  readonly secret: string;
  readonly address: string;
  readonly workerId: string;
  readonly describe: DescribeResponse;
  /** It answered at the moment when it registered. */
  readonly answeredAtOnce: boolean;
  /** How long cadence is watched. */
  readonly seconds: number;
  readonly slowReaderMs: number;
  /** Undefined when the suite has no power over the worker's process. */
  readonly process?: ProcessControl;
}

export interface Playing extends Partial<TestClaims>, PlayOptions {
  /** Another connection than everybody's. */
  readonly over?: WorkerServiceClient;
}

/** Frames that may be under way between the worker and here. */
export const IN_FLIGHT_MAX = 8;
/** A worker has this long beyond what its frame rate allows for. */
const PATIENCE_MS = 4_000;
const EMPTY_MS_MAX = 2_000;
const IMAGES_KEPT = 25;
const RESTART_MS_MAX = 60_000;
/** More than any worker's hand-over and its exit take. */
const LEAVING_MS_MAX = 6_000;

export class Lab {
  readonly ports: LabPorts;
  /** Two inputs that the model tells from each other. */
  readonly inputs: readonly [Input, Input];
  readonly intervalMs: number;
  /** The stream that SIGTERM sent away. */
  left: SessionStream | undefined;
  #process: ProcessControl | undefined;
  #isLeaving = false;
  #client: WorkerServiceClient;
  #streams: SessionStream[] = [];
  #clients: WorkerServiceClient[] = [];
  readonly #opened = new Map<string, number>();

  constructor(ports: LabPorts) {
    this.ports = ports;
    this.#process = ports.process;
    this.inputs = twoInputs(ports.describe.actions);
    this.intervalMs = 1_000 / ports.describe.framesPerSecond;
    this.#client = workerClient(ports.address);
  }

  get fleet(): FakeFleet {
    return this.ports.fleet;
  }
  get describe(): DescribeResponse {
    return this.ports.describe;
  }
  get calls(): WorkerCalls {
    return new WorkerCalls(this.#client, this.ports.secret);
  }

  /** Frames as the model made them where the worker can send them so, else in its own encoding. */
  get exact(): Partial<FrameFormat> {
    return this.describe.codecs.includes(Codec.RAW_RGB) ? { codec: Codec.RAW_RGB } : {};
  }

  /** @throws NotTried on a worker with fewer slots. */
  needSlots(count: number): void {
    if (this.describe.slots < count) {
      throw new NotTried(`it needs ${count} slots; the worker has ${this.describe.slots}`);
    }
  }

  /** @throws NotTried for a model without inputs. */
  needInputs(): void {
    if (this.describe.actions.length === 0) throw new NotTried('Describe lists no inputs');
  }

  newSession(): string {
    return `ses_${randomUUID().replaceAll('-', '')}`;
  }

  /** A connection that nothing else uses. */
  connect(): WorkerServiceClient {
    const client = workerClient(this.ports.address);
    this.#clients.push(client);
    return client;
  }

  get process(): ProcessControl | undefined {
    return this.#process;
  }

  /** SIGTERM: from here on this process is on its way out, also while it still answers. */
  terminate(process: ProcessControl): void {
    this.#isLeaving = true;
    process.terminate();
  }

  /**
   * The worker serves, or can be made to. One that was told to end answers for a moment more: what would be tried on
   * that would meet a closed port, so its end is waited for.
   */
  async isUp(): Promise<boolean> {
    if (this.#isLeaving)
      await Promise.race([this.#process?.exited, delay(LEAVING_MS_MAX, undefined, { ref: false })]);
    const health = await this.calls.health();
    return health.kind === 'answer' || health.status === 'UNIMPLEMENTED';
  }

  /** Starts the worker's process anew, and answers how it registers. */
  async restart(): Promise<RegisterRequest> {
    const known = this.fleet.registrations.length;
    this.#process = await this.#process?.restart?.();
    this.#isLeaving = false;
    const anew = await this.fleet.registered(known + 1, RESTART_MS_MAX);
    await this.fleet.heard(({ incarnation }) => incarnation === anew.incarnation);
    this.#client.close();
    this.#client = workerClient(this.ports.address);
    return anew;
  }

  token(claims: Partial<TestClaims> & { readonly sessionId: string }): Promise<string> {
    return this.ports.mint.token({ workerId: this.ports.workerId, ...claims });
  }

  /** Opens a stream of a session, a new one unless it is named. */
  async play({ over = this.#client, ...options }: Playing = {}): Promise<SessionStream> {
    const { sessionId = this.newSession(), epoch = 1 } = options;
    const token = options.token ?? (await this.token({ ...options, sessionId }));
    const stream = new SessionStream(over, { imagesKept: IMAGES_KEPT, ...options, token }, sessionId, epoch);
    this.#streams.push(stream);
    this.#opened.set(sessionId, Math.max(epoch, this.#opened.get(sessionId) ?? 0));
    return stream;
  }

  /** The same, once its first frame is there. */
  async playing(options: Playing = {}): Promise<SessionStream> {
    const stream = await this.play(options);
    await this.more(stream, 1);
    return stream;
  }

  /** Resolves when this many more frames have come. @throws TooLate */
  async more(stream: SessionStream, count: number): Promise<void> {
    const wanted = stream.frames.length + count;
    const withinMs = this.timeFor(count);
    await stream.until(({ frames }) => frames.length >= wanted, withinMs, `${count} more frames`);
  }

  /** Enough for this many frames on a busy machine. */
  timeFor(frames: number): number {
    return 3 * frames * this.intervalMs + PATIENCE_MS;
  }

  /** Acts, and waits for the frame that has seen it. */
  async act(
    stream: SessionStream,
    seq: number,
    input: Input = this.inputs[0],
    stamp: Stamp = {},
  ): Promise<void> {
    stream.act(seq, input.axes, input, stamp);
    await this.sees(stream, seq, stamp.device);
  }

  /** @throws TooLate */
  sees(stream: SessionStream, seq: number, device = 0): Promise<void> {
    const isSeen = ({ lastActionSeq, lastActionDevice }: SeenFrame) =>
      lastActionSeq === seq && lastActionDevice === device;
    return stream.until(
      ({ frames }) => frames.slice(-1).some(isSeen),
      this.timeFor(5),
      `a frame that has seen action ${seq} of device ${device}`,
    );
  }

  /** A session with an action in force and exact frames, as it stands now. */
  async walking(options: Playing = {}): Promise<SessionStream> {
    const stream = await this.playing(options);
    stream.format(this.exact);
    await this.act(stream, 1);
    await this.more(stream, 2);
    return stream;
  }

  async checkpoint({ sessionId, epoch }: SessionStream): Promise<Checkpoint> {
    const answer = answered('Checkpoint', await this.calls.checkpoint({ sessionId, epoch }));
    if (answer.checkpoint === undefined) throw new Error('the answer of Checkpoint holds none');
    return answer.checkpoint;
  }

  /** Ends the session of a stream, and waits for its last words. */
  async end(stream: SessionStream, endReason = 'client_ended'): Promise<SessionReport | undefined> {
    const { sessionId, epoch } = stream;
    const { report } = answered('End', await this.calls.end({ sessionId, epoch, endReason }));
    await stream.endedWithin(PATIENCE_MS).catch(() => undefined);
    return report;
  }

  /** Nothing is served or held any more. @throws Violation */
  async expectEmpty(): Promise<void> {
    const isEmpty = ({ sessions }: HeartbeatRequest) =>
      sessions.every(({ activity }) => activity === SessionActivity.ENDED);
    const heard = await this.fleet.heard(isEmpty, EMPTY_MS_MAX).catch(() => undefined);
    const left = this.fleet.heartbeats
      .at(-1)
      ?.sessions.filter(({ activity }) => activity !== SessionActivity.ENDED);
    expect(heard !== undefined, 'no session left', JSON.stringify(left));
    expectSame('sessions in Health', 0, answered('Health', await this.calls.health()).sessions);
  }

  /** What the next heartbeats say of a session, once it passes. @throws TooLate */
  async report(
    sessionId: string,
    passes: (report: SessionReport) => boolean,
    what: string,
  ): Promise<SessionReport> {
    const find = (sessions: readonly SessionReport[]) =>
      sessions.find((report) => report.sessionId === sessionId && passes(report));
    const withinMs = 3 * this.fleet.heartbeatMs + PATIENCE_MS;
    const { sessions } = await this.fleet.heard((beat) => find(beat.sessions) !== undefined, withinMs, what);
    return find(sessions) as SessionReport;
  }

  /** Every report of a session so far, in order. */
  reports(sessionId: string): SessionReport[] {
    return this.fleet.heartbeats.flatMap(({ sessions }) =>
      sessions.filter((report) => report.sessionId === sessionId),
    );
  }

  /** Leaves the worker as a case found it: no session, no stream, nothing asked of it. */
  async cleanUp(): Promise<void> {
    Object.assign(this.fleet, { drain: false, acknowledges: true, forgets: false, next: {} });
    for (const [sessionId, epoch] of this.#opened) {
      await this.calls.end({ sessionId, epoch, endReason: 'operator_ended' });
    }
    this.#streams.forEach((stream) => stream.call.cancel());
    this.#clients.forEach((client) => client.close());
    this.#opened.clear();
    [this.#streams, this.#clients] = [[], []];
  }

  close(): void {
    this.#client.close();
  }
}
