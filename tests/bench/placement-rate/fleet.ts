// The workers: none runs, but each is registered over the internal API and beats every second, as a real one would.
import { Client, credentials } from '@grpc/grpc-js';
import { DescribeResponse, HeartbeatRequest, RegisterRequest } from '@meridian/protocol/worker';
import { heartbeat, register } from '../fleet-call.ts';

export interface FleetPlan {
  /** host:port of the control plane's FleetService. */
  readonly address: string;
  readonly regions: readonly { readonly id: string; readonly secret: string }[];
  readonly workersPerRegion: number;
  readonly slots: number;
  readonly model: string;
}

const BEAT_MS = 1_000;

interface Worker {
  readonly workerId: string;
  readonly region: string;
  readonly secret: string;
  seq: number;
}

export class Fleet {
  readonly #plan: FleetPlan;
  readonly #client: Client;
  readonly #workers: readonly Worker[];
  #timer: NodeJS.Timeout | undefined;
  #next = 0;

  private constructor(plan: FleetPlan) {
    this.#plan = plan;
    this.#client = new Client(plan.address, credentials.createInsecure());
    this.#workers = plan.regions.flatMap(({ id, secret }) =>
      Array.from({ length: plan.workersPerRegion }, (_, i) => {
        return { workerId: `${id}-${String(i).padStart(4, '0')}`, region: id, secret, seq: 0 };
      }),
    );
  }

  /** All are registered and have beaten once. */
  static async start(plan: FleetPlan): Promise<Fleet> {
    const fleet = new Fleet(plan);
    for (const worker of fleet.#workers) {
      await fleet.#register(worker);
      await fleet.#beat(worker);
    }
    // One after the other, evenly spread.
    fleet.#timer = setInterval(() => fleet.#beatNext(), BEAT_MS / fleet.#workers.length);
    return fleet;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #beatNext(): void {
    const worker = this.#workers[this.#next++ % this.#workers.length];
    if (worker) void this.#beat(worker).catch(() => undefined);
  }

  #register({ workerId, region, secret }: Worker): Promise<unknown> {
    const { model, slots } = this.#plan;
    const describe = DescribeResponse.fromPartial({
      ...{ workerId, model, modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72, framesPerSecond: 25 },
      ...{ actions: ['forward', 'yaw'], stateBytes: 1_000, slots },
    });
    const request = RegisterRequest.fromPartial({
      ...{ workerId, incarnation: 'one', region, address: '127.0.0.1:1', gpuType: 'h100', describe },
    });
    return register(this.#client, secret, request);
  }

  #beat(worker: Worker): Promise<unknown> {
    worker.seq += 1;
    const { workerId, seq, secret } = worker;
    const request = HeartbeatRequest.fromPartial({
      ...{ workerId, incarnation: 'one', seq, slots: this.#plan.slots },
      ...{ stepMsP50: 8, stepMsP95: 9, stepMsP99: 10, encodeMsP50: 2, encodeMsP95: 3 },
    });
    return heartbeat(this.#client, secret, request);
  }
}
