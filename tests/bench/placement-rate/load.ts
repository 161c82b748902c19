// The callers, in a process of their own: each opens sessions over HTTP, as an app's server would, and notes how long
// every answer took and what it gave. Told what to do, and answers, by messages of its parent.
import { HttpLane, type Answer } from './http-lane.ts';

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly apiKey: string;
  readonly model: string;
  /** RTTs that callers measured, by region; callers take them in turn. */
  readonly rtts: readonly Readonly<Record<string, number>>[];
  /** Makes the idempotency keys of this load its own. */
  readonly name: string;
  readonly durationMs: number;
  readonly connections: number;
  /** It ends with so many, should they be asked for earlier. */
  readonly opensMax?: number;
  /** Set: so many arrive a second, whether or not earlier ones were answered; else each caller asks again at once. */
  readonly perSecond?: number;
}

export interface LoadResult {
  /** Of each answer, ms; in an open loop from when it should have been asked. */
  readonly openMs: readonly number[];
  /** Answers by status, and by state where the status is 201: `201 reserved`. */
  readonly answers: Readonly<Record<string, number>>;
  /** `region worker slot` of each session that was given a place. */
  readonly places: readonly string[];
  readonly sessionIds: readonly string[];
  /** From the first request to the last answer. */
  readonly tookMs: number;
  /** Of the processor, used by the callers themselves meanwhile. */
  readonly cpuMs: number;
}

interface OpenedView {
  readonly sessionId: string;
  readonly state: string;
  readonly placement?: { readonly region: string; readonly workerId: string; readonly slot: number };
}

class Callers {
  readonly #plan: LoadPlan;
  readonly #openMs: number[] = [];
  readonly #answers: Record<string, number> = {};
  readonly #bodies: Buffer[] = [];
  #asked = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  async run(): Promise<LoadResult> {
    const { host, port, connections, perSecond } = this.#plan;
    const lanes = await Promise.all(Array.from({ length: connections }, () => HttpLane.open(host, port)));
    const cpuBefore = process.cpuUsage();
    const beganMs = performance.now();
    await (perSecond === undefined
      ? this.#closedLoop(lanes, beganMs)
      : this.#openLoop(lanes, beganMs, perSecond));
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    for (const lane of lanes) lane.close();
    // Read only now, so that reading answers is no part of the load.
    const opened = this.#bodies.map((body) => JSON.parse(body.toString()) as OpenedView);
    for (const { state } of opened) this.#count(`201 ${state}`);
    const placed = opened.flatMap(({ placement }) => (placement ? [placement] : []));
    return {
      openMs: this.#openMs,
      answers: this.#answers,
      places: placed.map(({ region, workerId, slot }) => `${region} ${workerId} ${slot}`),
      sessionIds: opened.map(({ sessionId }) => sessionId),
      tookMs,
      cpuMs: (user + system) / 1_000,
    };
  }

  async #closedLoop(lanes: readonly HttpLane[], beganMs: number): Promise<void> {
    const { durationMs, opensMax = Infinity } = this.#plan;
    const untilMs = beganMs + durationMs;
    await Promise.all(
      lanes.map(async (lane) => {
        while (performance.now() < untilMs && this.#asked < opensMax)
          await this.#open(lane, performance.now());
      }),
    );
  }

  /** Arrivals are evenly spread; one that finds every connection busy waits for the first that is free. */
  async #openLoop(lanes: readonly HttpLane[], beganMs: number, perSecond: number): Promise<void> {
    const arrivals = Math.floor((perSecond * this.#plan.durationMs) / 1_000);
    const dueMs = (arrival: number): number => beganMs + (arrival * 1_000) / perSecond;
    const free = [...lanes];
    let next = 0;
    await new Promise<void>((resolve, reject) => {
      const askDue = (): void => {
        while (next < arrivals && dueMs(next) <= performance.now()) {
          const lane = free.pop();
          if (!lane) return;
          this.#open(lane, dueMs(next)).then(() => {
            free.push(lane);
            if (next === arrivals && free.length === lanes.length) done();
            else askDue();
          }, reject);
          next += 1;
        }
      };
      const timer = setInterval(askDue, 1);
      const done = (): void => {
        clearInterval(timer);
        resolve();
      };
    });
  }

  async #open(lane: HttpLane, fromMs: number): Promise<void> {
    const { status, body }: Answer = await lane.ask(this.#request(this.#asked++));
    this.#openMs.push(performance.now() - fromMs);
    if (status === 201) this.#bodies.push(body);
    else this.#count(String(status));
  }

  #request(number: number): string {
    const { host, port, apiKey, model, rtts, name } = this.#plan;
    const body = JSON.stringify({
      model,
      rttMs: rtts[number % rtts.length],
      metadata: { player: `p${number}` },
    });
    return (
      `POST /v1/sessions HTTP/1.1\r\nhost: ${host}:${port}\r\nauthorization: Bearer ${apiKey}\r\n` +
      `idempotency-key: ${name}-${number}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    );
  }

  #count(answer: string): void {
    this.#answers[answer] = (this.#answers[answer] ?? 0) + 1;
  }
}

process.on('message', (plan: LoadPlan) => {
  void new Callers(plan).run().then((result) => process.send?.(result));
});
