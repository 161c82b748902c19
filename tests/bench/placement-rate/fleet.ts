// The workers: none runs, but each is registered over the internal API and beats every second, as a real one would.
import { DescribeResponse, HeartbeatRequest, RegisterRequest } from '@meridian/protocol/worker';
import { FleetLane } from './fleet-lane.ts';

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
  /** As a process of its own would have. */
  readonly lane: FleetLane;
  seq: number;
}

export class Fleet {
  readonly #plan: FleetPlan;
  readonly #workers: readonly Worker[];
  #timer: NodeJS.Timeout | undefined;
  #next = 0;

  private constructor(plan: FleetPlan) {
    this.#plan = plan;
    this.#workers = plan.regions.flatMap(({ id, secret }) =>
      Array.from({ length: plan.workersPerRegion }, (_, i) => {
        const lane = new FleetLane(plan.address);
        return { workerId: `${id}-${String(i).padStart(4, '0')}`, region: id, secret, lane, seq: 0 };
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
    for (const { lane } of this.#workers) lane.close();
  }

  #beatNext(): void {
    const worker = this.#workers[this.#next++ % this.#workers.length];
    if (worker) void this.#beat(worker).catch(() => undefined);
  }

  #register({ workerId, region, secret, lane }: Worker): Promise<unknown> {
    const { model, slots } = this.#plan;
    const describe = DescribeResponse.fromPartial({
      ...{ workerId, model, modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72, framesPerSecond: 25 },
      ...{ actions: ['forward', 'yaw'], stateBytes: 1_000, slots },
    });
    const request = RegisterRequest.fromPartial({
      ...{ workerId, incarnation: 'one', region, address: '127.0.0.1:1', gpuType: 'h100', describe },
    });
    return lane.call('register', secret, RegisterRequest.encode(request).finish());
  }

  #beat(worker: Worker): Promise<unknown> {
    worker.seq += 1;
    const { workerId, seq, secret, lane } = worker;
    const request = HeartbeatRequest.fromPartial({
      ...{ workerId, incarnation: 'one', seq, slots: this.#plan.slots },
      ...{ stepMsP50: 8, stepMsP95: 9, stepMsP99: 10, encodeMsP50: 2, encodeMsP95: 3 },
    });
    return lane.call('heartbeat', secret, HeartbeatRequest.encode(request).finish());
  }
}
