// How many sessions a second one control-plane process opens durably over HTTP - placed by a lease in Redis, stored in
// PostgreSQL with fsync on, answered after the commit - and how long an open takes at half of the rate that is the bar.
import {
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  type BenchResult,
  type ThrowAway,
} from '@meridian/embedded';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { cpuTimeMs } from './gateway/cpu-time.ts';
import { Fleet } from './placement-rate/fleet.ts';
import type { LoadPlan, LoadResult } from './placement-rate/load.ts';
import { syncTimesMs } from './placement-rate/sync-time.ts';

const MODEL = 'gallery';
const REGIONS = ['us-east', 'eu-west'];
const WORKERS_PER_REGION = 160;
const SLOTS = 64;
/**
 * V8 takes some ten thousand opens to make up its mind: its second compiler comes for the whole way of an open at once, for
 * half a second, and wants a core for it. A control plane that has run for a minute has that behind it.
 */
const WARM_UP_MS = 15_000;
const MEASURED_MS = 5_000;
/** Callers that each ask again as soon as they are answered: enough to keep the process busy. */
const CALLERS = 64;
const CONNECTIONS = 200;
/** So that there are slots for all three loads, however fast the machine is. */
const FULL_OPENS_MAX = 10_000;
/** Opens a second that a deployment of one process is to take. Half of what it really took would be a harder load. */
const WANTED_PER_SECOND = 1_000;
const RTTS = [
  { 'us-east': 12, 'eu-west': 84 },
  { 'us-east': 91, 'eu-west': 9 },
  { 'us-east': 48, 'eu-west': 44 },
];

/** Agones' allocator with a real API server on two cores, as it was measured before; no part of this run. */
const AGONES = { perSecond: 249, msP50: 56 };

export async function run(): Promise<BenchResult> {
  const progress = progressTo(process.stderr);
  // Nobody claims these sessions, and none may lapse before it was counted.
  const controlPlaneEnv = { CLAIM_TTL_MS: '600000', LOG_LEVEL: 'info' };
  const system = await startThrowAway({ progress, build: false, workersPerRegion: 0, controlPlaneEnv });
  const fleet = await Fleet.start({
    ...{ address: system.fleetGrpc, workersPerRegion: WORKERS_PER_REGION, slots: SLOTS, model: MODEL },
    regions: REGIONS.map((id) => ({ id, secret: system.secrets.fleetSecret(id) })),
  });
  try {
    const plan = await planFor(system);
    const syncMs = await syncTimesMs(system.data.path);
    const halfPlan = { ...plan, name: 'half', connections: CONNECTIONS, perSecond: WANTED_PER_SECOND / 2 };
    await progress.step('warm-up', () => load({ ...halfPlan, name: 'warm', durationMs: WARM_UP_MS }));
    const fullPlan = { ...plan, name: 'full', opensMax: FULL_OPENS_MAX };
    const full = await progress.step('as many as it takes', () => costed(system, fullPlan));
    const half = await progress.step('half of the rate that is wanted', () => costed(system, halfPlan));
    await verify(system, [full, half]);
    return resultOf({ full, half, syncMs });
  } finally {
    fleet.close();
    await system.remove();
  }
}

async function planFor({ url, secrets }: ThrowAway): Promise<Omit<LoadPlan, 'name'>> {
  const { hostname: host, port } = new URL(url);
  const headers = { authorization: `Bearer ${secrets.adminKey}`, 'content-type': 'application/json' };
  const post = async (where: string, body: object): Promise<Record<string, string>> => {
    const answer = await fetch(`${url}/admin/v1/tenants${where}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const tenant = await post('', { name: 'bench', maxSessions: 100_000 });
  const { secret: apiKey = '' } = await post(`/${tenant['id']}/api-keys`, { name: 'bench' });
  const durationMs = MEASURED_MS;
  return { host, port: Number(port), apiKey, model: MODEL, rtts: RTTS, durationMs, connections: CALLERS };
}

async function load(plan: LoadPlan): Promise<LoadResult> {
  const callers = fork(path.join(import.meta.dirname, 'placement-rate', 'load.ts'));
  callers.send(plan);
  const [result] = (await once(callers, 'message')) as [LoadResult];
  callers.kill();
  return result;
}

const PROCESSES = ['control-plane', 'postgres', ...REGIONS.map((region) => `redis-${region}`)];

interface Costed extends LoadResult {
  /** Of the processor, by who used it: what is measured, and the bench itself. */
  readonly costs: readonly { readonly name: string; readonly ms: number }[];
}

async function costed(system: ThrowAway, plan: LoadPlan): Promise<Costed> {
  const used = () => PROCESSES.map((name) => cpuTimeMs(system.pidOf(name) ?? 0));
  const [before, ownBefore] = [used(), process.cpuUsage()];
  const result = await load(plan);
  const [after, own] = [used(), process.cpuUsage(ownBefore)];
  const costs = [
    ...PROCESSES.map((name, i) => ({ name, ms: (after[i] ?? 0) - (before[i] ?? 0) })),
    { name: 'the bench’s workers', ms: (own.user + own.system) / 1_000 },
    { name: 'its callers', ms: result.cpuMs },
  ];
  return { ...result, costs };
}

const textOf = ({ costs }: Costed, per: number): string =>
  costs.map(({ name, ms }) => `${name} ${(ms / per).toFixed(2)}`).join(', ');

/** Every answer gave a place, no place was given twice, and PostgreSQL and Redis hold what was answered. */
async function verify({ url, secrets }: ThrowAway, loads: readonly LoadResult[]): Promise<void> {
  const wrong = loads.flatMap(({ answers }) =>
    Object.entries(answers).filter(([answer]) => answer !== '201 reserved'),
  );
  if (wrong.length > 0) throw new Error(`not every caller was given a place: ${JSON.stringify(wrong)}`);
  const places = loads.flatMap((each) => each.places);
  if (new Set(places).size !== places.length) throw new Error('a slot was given twice');
  const headers = { authorization: `Bearer ${secrets.adminKey}` };
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const stored = Number(/^meridian_sessions\{.*state="reserved".*\} (\d+)/m.exec(metrics)?.[1]);
  const answer = await fetch(`${url}/admin/v1/workers`, { headers });
  const { workers } = (await answer.json()) as {
    readonly workers: readonly { readonly usedSlots: number }[];
  };
  const used = workers.reduce((sum, { usedSlots }) => sum + usedSlots, 0);
  if (used < places.length || used !== stored) {
    throw new Error(`${places.length} places were answered, ${stored} sessions stored, ${used} slots taken`);
  }
}

interface Measured {
  readonly full: Costed;
  readonly half: Costed;
  readonly syncMs: readonly number[];
}

function resultOf({ full, half, syncMs }: Measured): BenchResult {
  const ms = (of: LoadResult, share: number): number => percentile(of.openMs, share);
  const perSecond = (full.openMs.length * 1_000) / full.tookMs;
  return {
    bench: 'placement-rate',
    machine: machineText(),
    figures: [
      {
        ...{ name: 'placements_per_s', value: perSecond, unit: '/s', bar: { min: WANTED_PER_SECOND } },
        peer: { name: 'Agones’ allocator, measured before:', value: AGONES.perSecond },
      },
      { name: 'open_ms_p99_half_load', value: ms(half, 0.99), unit: 'ms', bar: { max: 50 } },
      {
        ...{ name: 'open_ms_p50_half_load', value: ms(half, 0.5), unit: 'ms' },
        peer: { name: 'Agones’, measured before:', value: AGONES.msP50 },
      },
      { name: 'open_ms_p999_half_load', value: ms(half, 0.999), unit: 'ms' },
      { name: 'open_ms_p50_full_load', value: ms(full, 0.5), unit: 'ms' },
      { name: 'open_ms_p99_full_load', value: ms(full, 0.99), unit: 'ms' },
    ],
    notShown: [
      'the network: callers and stores share this machine’s cores with the control plane',
      'more than one control-plane process; more than one tenant',
      `the first seconds of a process: it has opened ${(WARM_UP_MS * WANTED_PER_SECOND) / 2_000} sessions before`,
      'what streaming sessions cost the control plane: workers report, but serve nobody',
      'PostgreSQL with a standby, Redis with a replica',
    ],
    text: [
      `${full.openMs.length} opens by ${CALLERS} callers at once, then ${half.openMs.length} evenly spread, ${WANTED_PER_SECOND / 2} a second; ` +
        `${REGIONS.length} regions, ${REGIONS.length * WORKERS_PER_REGION} workers of ${SLOTS} slots that beat every second`,
      `CPU ms per open at full load: ${textOf(full, full.openMs.length)}`,
      `cores in use at half of the rate: ${textOf(half, half.tookMs)}`,
      `a write forced to this disk took ${percentile(syncMs, 0.5).toFixed(1)} ms (p99 ${percentile(syncMs, 0.99).toFixed(1)}) just before`,
    ].join('\n'),
  };
}
