// Callers on several replicas of the control plane race for the last slot of a region, while calls to both stores and
// answers to callers get lost, and Redis is killed twice: once it keeps its data, once it comes back empty and is rebuilt
// from the workers' heartbeats and the record. Then it is counted: every slot has exactly one session.
import {
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  wholeNumber,
  type BenchResult,
  type ThrowAway,
} from '@meridian/embedded';
import type { Tenant } from '@meridian/application';
import type { TenantId } from '@meridian/domain';
import { fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { audit, type Audit } from './placement-race/audit.ts';
import { RaceFleet } from './placement-race/fleet.ts';
import type { FromReplica, ReplicaPlan, ReplicaResult, ToReplica } from './placement-race/messages.ts';

const SEEDS = 1_000_000;
const REGION = 'us-east';
const MODEL = 'gallery';
const REPLICAS = 8;
const CALLERS = 64;
const WORKERS = 125;
const SLOTS_PER_WORKER = 8;
const SLOTS = WORKERS * SLOTS_PER_WORKER;
/** More sessions than slots, also when those that end have gone: some wait at the end. */
const OPENS_PER_CALLER = 20;
const ENDS_PER_CALLER = 4;
const CLAIM_TTL_MS = 20_000;
/** Nobody dies here, and 200 heartbeats a second and nine control planes on few cores are late at times. */
const WORKER_SILENT_MS = 10_000;
const LIMITS = { claimTtlMs: CLAIM_TTL_MS, workerSilentMs: WORKER_SILENT_MS };
/** By then every lease that nobody renews has lapsed (claim and twice a worker's silence), and the queue has had it. */
const LAPSED_MS = CLAIM_TTL_MS + 2 * WORKER_SILENT_MS + 5_000;
const REFUSED = 0.03;
const REPLY_LOST = 0.03;
/** Claims after which Redis is killed. */
const KILL_KEPT_AT = 350;
const KILL_LOST_AT = 750;
const GIVE_UP_MS = 90_000;

export const options = { seed: { type: 'string' } } as const;

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const seed = wholeNumber('--seed', String(values['seed'] ?? Date.now() % SEEDS), 0, SEEDS);
  const progress = progressTo(process.stderr);
  const controlPlaneEnv = {
    CLAIM_TTL_MS: String(CLAIM_TTL_MS),
    WORKER_SILENT_MS: String(WORKER_SILENT_MS),
  };
  const system = await startThrowAway({ progress, build: false, workersPerRegion: 0, controlPlaneEnv });
  const fleet = await RaceFleet.start({
    ...{ address: system.fleetGrpc, region: REGION, secret: system.secrets.fleetSecret(REGION) },
    ...{ workers: WORKERS, slots: SLOTS_PER_WORKER, model: MODEL },
  });
  const race = new Race(system, fleet);
  try {
    const tenant = await makeTenant(system);
    await progress.step('replicas are there', () => race.prepare(seed, tenant));
    const results = await progress.step(`the race, seed ${seed}`, () => race.run());
    await progress.step('what is left over lapses', () => delay(LAPSED_MS));
    const found = await audit({
      ...{ databaseUrl: system.databaseUrl, redisUrl: system.redisUrl(REGION), region: REGION },
      ...{ tenantId: tenant.tenantId, slots: SLOTS, slotsPerWorker: SLOTS_PER_WORKER },
    });
    return resultOf(seed, fleet, found, results);
  } finally {
    race.close();
    fleet.close();
    await system.remove();
  }
}

async function makeTenant({ url, secrets }: ThrowAway): Promise<Tenant> {
  const headers = { authorization: `Bearer ${secrets.adminKey}`, 'content-type': 'application/json' };
  const asked = { name: 'race', maxSessions: 100_000 };
  const answer = await fetch(`${url}/admin/v1/tenants`, {
    method: 'POST',
    headers,
    body: JSON.stringify(asked),
  });
  const { id } = (await answer.json()) as { readonly id: TenantId };
  return { ...asked, tenantId: id, weight: 1, createdAtMs: Date.now() };
}

class Race {
  readonly #system: ThrowAway;
  readonly #fleet: RaceFleet;
  readonly #replicas: ChildProcess[] = [];
  readonly #results: ReplicaResult[] = [];
  #ready = 0;

  constructor(system: ThrowAway, fleet: RaceFleet) {
    this.#system = system;
    this.#fleet = fleet;
  }

  async prepare(seed: number, tenant: Tenant): Promise<void> {
    const { databaseUrl } = this.#system;
    for (let replica = 0; replica < REPLICAS; replica += 1) {
      const child = fork(path.join(import.meta.dirname, 'placement-race', 'replica.ts'));
      child.on('message', (message: FromReplica) => this.#hear(message));
      this.#replicas.push(child);
      this.#tell(child, {
        kind: 'plan',
        plan: {
          ...{ seed: seed * REPLICAS + replica, replica, callers: CALLERS / REPLICAS, tenant, model: MODEL },
          ...{ opens: OPENS_PER_CALLER, ends: ENDS_PER_CALLER, region: REGION, databaseUrl },
          ...{ redisUrl: this.#system.redisUrl(REGION), ...LIMITS },
          ...{ refused: REFUSED, replyLost: REPLY_LOST },
        } satisfies ReplicaPlan,
      });
    }
    await this.#until('every replica is ready', () => this.#ready === REPLICAS);
  }

  async run(): Promise<readonly ReplicaResult[]> {
    for (const child of this.#replicas) this.#tell(child, { kind: 'go' });
    await this.#until('Redis is killed', () => this.#fleet.claimed >= KILL_KEPT_AT);
    this.#killRedis();
    await this.#until('Redis is killed again', () => this.#fleet.claimed >= KILL_LOST_AT);
    // Its append-only file goes first: what starts in its place finds nothing.
    rmSync(path.join(this.#system.data.redis, REGION, 'appendonlydir'), { recursive: true });
    this.#killRedis();
    const isOver = (): boolean => this.#fleet.running === SLOTS || this.#results.length === REPLICAS;
    await this.#until('every slot runs a session', isOver);
    for (const child of this.#replicas) this.#tell(child, { kind: 'stop' });
    await this.#until('every caller is done', () => this.#results.length === REPLICAS);
    return this.#results;
  }

  close(): void {
    for (const child of this.#replicas) child.kill();
  }

  #killRedis(): void {
    process.kill(this.#system.pidOf(`redis-${REGION}`) ?? NaN, 'SIGKILL');
  }

  #tell(child: ChildProcess, message: ToReplica): void {
    if (child.connected) child.send(message);
  }

  #hear(message: FromReplica): void {
    switch (message.kind) {
      case 'ready':
        this.#ready += 1;
        break;
      case 'claim':
        this.#fleet.claim(message);
        break;
      case 'end':
        this.#fleet.end(message.sessionId, message.reason);
        break;
      case 'done':
        this.#results.push(message.result);
        break;
    }
  }

  /** A race that does not get there is judged as it stands. */
  async #until(_what: string, isSo: () => boolean): Promise<void> {
    const untilMs = performance.now() + GIVE_UP_MS;
    while (!isSo() && performance.now() < untilMs) await delay(20);
  }
}

function resultOf(
  seed: number,
  fleet: RaceFleet,
  found: Audit,
  results: readonly ReplicaResult[],
): BenchResult {
  const openMs = results.flatMap((result) => result.openMs);
  const waitMs = results.flatMap((result) => result.waitMs);
  const sum = (of: (result: ReplicaResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  const time = (name: string, values: readonly number[], share: number) => {
    return { name, value: percentile(values, share), unit: 'ms' };
  };
  const { client_ended: asked = 0, ...unasked } = found.ended;
  const none = { unit: 'slots', bar: { max: 0 } };
  return {
    bench: 'placement-race',
    machine: machineText(),
    figures: [
      { name: 'leaked', value: found.leaked, ...none },
      { name: 'double', value: found.double + fleet.refused, ...none },
      { name: 'unused', value: found.unused, ...none },
      {
        ...{ name: 'ended_unasked', unit: 'sessions', bar: { max: 0 } },
        value: Object.values(unasked).reduce((total, count) => total + count, 0),
      },
      time('open_ms_p50', openMs, 0.5),
      time('open_ms_p95', openMs, 0.95),
      time('open_ms_p99', openMs, 0.99),
      time('open_ms_max', openMs, 1),
      time('wait_ms_p50', waitMs, 0.5),
      time('wait_ms_p95', waitMs, 0.95),
    ],
    notShown: [
      'a network: replicas and stores share this machine',
      'two regions that race for one session; PostgreSQL that loses what it has committed',
      'a worker that dies in the race (`./meridian bench failover`, tests/sim)',
      'how fast placements are: callers pause, and asking again is part of the times',
    ],
    text: [
      `seed ${seed}: ${CALLERS} callers on ${REPLICAS} replicas (processes, real PostgreSQL and Valkey) opened ` +
        `${openMs.length} sessions for ${SLOTS} slots on ${WORKERS} workers and ended ${asked}; ${found.queued} wait at the end`,
      `${sum((each) => each.callsLost)} calls to the stores or their replies were lost, opens were asked again ` +
        `${sum((each) => each.askedAgain)} times, ${waitMs.length} sessions waited for a place`,
      'Redis was killed twice, and lost everything the second time; ' +
        `${fleet.refused} sessions came to a full worker and ${fleet.late} after their claim had lapsed, ${found.unheld} had a place without a lease at the end; ` +
        `ended though nobody asked: ${JSON.stringify(unasked)}`,
    ].join('\n'),
  };
}
