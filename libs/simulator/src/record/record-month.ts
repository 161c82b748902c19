// The month goes through the ports that the control plane's own use cases write to: sessions and their events, readings,
// uptimes, states; and then the jobs that make hours, GPU hours, conservation and charges of them. Nothing is written
// that they would not have written. Recording the same month twice changes nothing.
import {
  makePostCharges,
  makeRecomputeGpuHours,
  makeRollUpUsage,
  type BillingEvents,
  type BillingStores,
  type Clock,
  type GpuHours,
  type ModelCatalog,
  type SessionRepository,
  type TenantRepository,
  type UsageHours,
  type UsageRepository,
} from '@meridian/application';
import { hourOf } from '@meridian/domain';
import { POOLS } from './month-scenario.ts';
import type { Month, WorkerLife } from './month.ts';
import { budgetsOf, plansOf, ratesOf, tenantsOf } from './price-list.ts';
import { storyOf, type Story } from './session-story.ts';

export interface RecordPorts extends BillingStores {
  readonly sessions: SessionRepository;
  readonly tenants: TenantRepository;
  readonly usage: UsageRepository;
  readonly usageHours: UsageHours;
  readonly gpuHours: GpuHours;
  readonly models: ModelCatalog;
}

export type OnStep = (step: string, share: number) => void;

const CHUNK = 500;
/** Sessions whose ends are stored at the same time. */
const LANES = 8;

export async function recordMonth(month: Month, ports: RecordPorts, onStep: OnStep): Promise<void> {
  await recordTerms(month, ports);
  await recordWorkers(month, ports, onStep);
  await recordSessions(month, ports, onStep);
  await runJobs(month, ports, onStep);
}

async function recordTerms({ fromMs, toMs }: Month, ports: RecordPorts): Promise<void> {
  const known = new Set((await ports.tenants.listTenants()).map(({ tenantId }) => tenantId));
  const fresh = tenantsOf(fromMs).filter(({ tenantId }) => !known.has(tenantId));
  for (const tenant of fresh) await ports.tenants.createTenant(tenant);
  const laterMs = hourOf(fromMs + (2 * (toMs - fromMs)) / 3);
  for (const rate of ratesOf(fromMs, laterMs)) await ports.usage.addRate(rate);
  for (const plan of plansOf(fromMs)) await ports.plans.add(plan);
  for (const budget of budgetsOf()) await ports.budgets.put(budget);
  for (const { model, modelVersion } of POOLS)
    await ports.models.record({ model, modelVersion, ...SHOWN, firstSeenAtMs: fromMs });
}

/** What a worker says of a model when it registers. */
const SHOWN = {
  frameWidth: 320,
  frameHeight: 180,
  framesPerSecond: 25,
  actions: ['move', 'look'],
  stateBytes: 0,
};

async function recordWorkers(
  { workers }: Month,
  { usage, gpuHours }: RecordPorts,
  onStep: OnStep,
): Promise<void> {
  await usage.recordUptime(workers.map(uptimeOf));
  const states = workers.flatMap(({ workerId, incarnation, moments, endedAtMs }) =>
    moments.filter(({ atMs }) => atMs < endedAtMs).map((moment) => ({ ...moment, workerId, incarnation })),
  );
  for (let from = 0; from < states.length; from += CHUNK) {
    await gpuHours.recordStates(states.slice(from, from + CHUNK));
    onStep('workers', from / states.length);
  }
}

const uptimeOf = (worker: WorkerLife) => {
  const { workerId, incarnation, region, pool, gpuType, slots, purchase, startedAtMs, endedAtMs } = worker;
  const seen = { startedAtMs, lastSeenAtMs: endedAtMs };
  return { workerId, incarnation, region, pool, gpuType, slots, gpus: 1, purchase, ...seen };
};

async function recordSessions({ sessions }: Month, ports: RecordPorts, onStep: OnStep): Promise<void> {
  for (let from = 0; from < sessions.length; from += CHUNK) {
    const stories = sessions.slice(from, from + CHUNK).map(storyOf);
    await Promise.all(stories.map((story) => ports.sessions.create(story.opened, story.opening, undefined)));
    await ports.usage.apply(stories.flatMap(({ readings }) => readings));
    await inLanes(stories, (story) => end(story, ports));
    onStep('sessions', from / sessions.length);
  }
}

/** One that ended when the month was recorded before has another count of events, and stays as it is. */
const end = async (
  { ended, ending, opened, finalReading }: Story,
  { sessions }: RecordPorts,
): Promise<void> => {
  await sessions.append(ended, ending, opened.eventCount, finalReading);
};

async function inLanes<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function runJobs({ fromMs, toMs }: Month, ports: RecordPorts, onStep: OnStep): Promise<void> {
  // The month is over, and the last of its hours settled.
  const clock: Clock = { nowMs: () => toMs + SETTLED_MS };
  onStep('hours', 0);
  const rollUp = makeRollUpUsage(ports);
  while ((await rollUp()).marks > 0);
  onStep('GPU hours', 0);
  const recompute = makeRecomputeGpuHours({ ...ports, clock });
  while ((await recompute()).made > 0);
  const hours = await ports.gpuHours.hoursToCheck(hourOf(fromMs), hourOf(toMs));
  for (const [i, hourMs] of hours.entries()) {
    onStep('conservation', i / hours.length);
    await ports.gpuHours.check(hourMs, toMs);
  }
  onStep('charges', 0);
  const postCharges = makePostCharges({ ...ports, clock, events: UNTOLD });
  while ((await postCharges()).posted > 0);
}

const SETTLED_MS = 3_600_000;

/** Nobody is told of what is long past. */
const UNTOLD: BillingEvents = { emit: () => Promise.resolve() };
