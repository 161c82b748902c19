// A control plane, gateways of one region, and as many workers and clients as a test wants; all go away together.
import type { Gateway } from '../gateway.ts';
import type { Arrivals } from '../relay/arrivals.ts';
import { connectWs, type Connect, type TestClient } from './clients.ts';
import { FakeControlPlane, type TokenPlan } from './fake-control-plane.ts';
import { FakeWorker, type FakeWorkerOptions } from './fake-worker.ts';
import { KEY, metric, plan, startTestGateway } from './test-gateway.ts';

export interface Join extends Partial<TokenPlan> {
  readonly connect?: Connect;
  readonly gateway?: Gateway;
  readonly clientKey?: string;
  readonly nextFrame?: string;
  /** Instead of a token made from the rest. */
  readonly token?: string;
}

export class Scene {
  readonly plane: FakeControlPlane;
  readonly gateways: Gateway[] = [];
  readonly #env: Readonly<Record<string, string>>;
  readonly #workers: FakeWorker[] = [];
  readonly #clients: TestClient[] = [];
  #places = 1;

  private constructor(plane: FakeControlPlane, env: Readonly<Record<string, string>>) {
    this.plane = plane;
    this.#env = env;
  }

  static async start(env: Readonly<Record<string, string>> = {}, arrivals?: Arrivals): Promise<Scene> {
    const scene = new Scene(await FakeControlPlane.start(), env);
    await scene.addGateway({}, arrivals);
    return scene;
  }

  /** The first one. */
  get gateway(): Gateway {
    const [first] = this.gateways;
    if (!first) throw new Error('a scene has a gateway');
    return first;
  }

  async addGateway(env: Readonly<Record<string, string>> = {}, arrivals?: Arrivals): Promise<Gateway> {
    const gateway = await startTestGateway(this.plane, { ...this.#env, ...env }, arrivals);
    this.gateways.push(gateway);
    return gateway;
  }

  async stopGateway(gateway: Gateway): Promise<void> {
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    await gateway.close();
  }

  async worker(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
    const worker = await FakeWorker.start({ imageBytes: 2_000, ...options });
    this.#workers.push(worker);
    return worker;
  }

  /** The next Replace finds this worker. */
  offer(worker: FakeWorker): void {
    this.#places += 1;
    this.plane.replacement = {
      workerId: `us-east-${String(this.#places)}`,
      workerAddress: worker.address,
    };
  }

  async join(on: FakeWorker, how: Join = {}): Promise<TestClient> {
    const { connect = connectWs, gateway = this.gateway, clientKey = KEY, nextFrame, token, ...claims } = how;
    const client = connect(
      gateway,
      token ?? (await this.plane.token(plan(on, claims))),
      clientKey,
      nextFrame,
    );
    this.#clients.push(client);
    return client;
  }

  /** Nothing leaks, whatever the test did: every stream that was opened is closed again. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.leave();
    for (const gateway of this.gateways) {
      while ((await metric(gateway, 'streams_open')) > 0);
      await gateway.close();
    }
    for (const worker of this.#workers) worker.kill();
    this.plane.goAway();
  }
}
