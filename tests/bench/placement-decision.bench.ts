// How long one decision takes in memory: a ranking over a thousand pools with ten thousand workers, its verdicts and the
// reasons kept with the session, and the slot counted in the snapshot that the next one reads. Every 250 decisions the
// registries are read anew, as every 250 ms at a thousand a second; the sums over a region's workers are made when its reply
// comes, before anybody decides on it.
import { makeCapacity, type WorkerRegistry } from '@meridian/application';
import {
  explain,
  leaseRefOf,
  rankPools,
  whyOf,
  type CapacitySnapshot,
  type Epoch,
  type Lease,
  type SessionRequest,
} from '@meridian/domain';
import { machineText, percentile, wholeNumber, type BenchResult } from '@meridian/embedded';
import { NotedIncidents, SeededDraw, VirtualClock } from '@meridian/testkit/world';
import {
  jurisdictionOf,
  locationsFor,
  regionAt,
  regionName,
  requestAt,
  type FleetSize,
} from './placement-decision/large-fleet.ts';

export const options = {
  seed: { type: 'string', default: '1' },
  regions: { type: 'string', default: '40' },
  pools: { type: 'string', default: '1000' },
  workers: { type: 'string', default: '10000' },
  decisions: { type: 'string', default: '20000' },
} as const;

type Values = Readonly<Partial<Record<keyof typeof options, string>>>;

const DECISION_MS_P99_MAX = 1;
const DECISIONS_PER_SNAPSHOT = 250;
/** V8 compiles what is run often; a control plane that has just started is not what is measured. */
const WARM_UP = 2_000;
/** A real clock's: what was measured at 0 is stale. */
const START_MS = Date.UTC(2026, 10, 22);

export async function run(values: Values): Promise<BenchResult> {
  const size: FleetSize = {
    regions: wholeNumber('--regions', values.regions ?? '', 1, 1_000),
    pools: wholeNumber('--pools', values.pools ?? '', 1, 100_000),
    workers: wholeNumber('--workers', values.workers ?? '', 1, 1_000_000),
  };
  const decisions = wholeNumber('--decisions', values.decisions ?? '', 100, 10_000_000);
  const seed = wholeNumber('--seed', values.seed ?? '', 0, 2 ** 31);
  const draw = new SeededDraw(seed);
  const fleet = fleetOf(size, draw);
  await decide(fleet, size, WARM_UP, draw);
  const { tookMs, ranked } = await decide(fleet, size, decisions, draw);
  const at = (share: number) => Number(percentile(tookMs, share).toPrecision(3));
  return {
    bench: 'placement-decision',
    machine: machineText(),
    figures: [
      { name: 'decision_ms_p99', value: at(0.99), unit: 'ms', bar: { max: DECISION_MS_P99_MAX } },
      { name: 'decision_ms_p50', value: at(0.5), unit: 'ms' },
    ],
    notShown: [
      'reading the registries and adding up their workers (about 2 ms for ten thousand, region by region), reserving in a store, recording the session: `placement-rate` has those',
      'sessions that wait: each of them is ranked, too, before a newcomer is given a free slot',
      'a process that has just started, or shares its core with others',
    ],
    text: [
      '',
      `  ${decisions} decisions over ${size.pools} pools, ${size.workers} workers, ${size.regions} regions; seed ${seed}`,
      `  ${[0, 0.5, 0.9, 0.95, 0.99, 0.999, 1].map((share) => `p${share * 100} ${at(share)}`).join('  ')} ms`,
      `  ${((100 * ranked) / decisions).toFixed(1)} % found a place; a new snapshot every ${DECISIONS_PER_SNAPSHOT} decisions`,
    ].join('\n'),
  };
}

function fleetOf(size: FleetSize, draw: SeededDraw) {
  const clock = new VirtualClock(START_MS);
  const locations = locationsFor(size.regions, draw);
  const regions = locations.map((location, i) => ({
    ...{ region: regionName(i), jurisdiction: jurisdictionOf(i), location },
  }));
  const indexOf = new Map(regions.map(({ region }, i) => [region, i]));
  const registry = {
    snapshot: (region) => Promise.resolve(regionAt(indexOf.get(region) ?? 0, size, draw)),
  } as Pick<WorkerRegistry, 'snapshot'> as WorkerRegistry;
  return makeCapacity({ registry, regions, clock, incidents: new NotedIncidents() });
}

async function decide(
  capacity: ReturnType<typeof fleetOf>,
  size: FleetSize,
  decisions: number,
  draw: SeededDraw,
): Promise<{ readonly tookMs: readonly number[]; readonly ranked: number }> {
  const tookMs: number[] = [];
  let ranked = 0;
  for (let i = 0; i < decisions; i += 1) {
    const request = requestAt(i, size.regions, draw);
    const snapshot = await capacity.read({ fresh: i % DECISIONS_PER_SNAPSHOT === 0 });
    const unit = draw.next();
    const beganMs = performance.now();
    const lease = decideOne(request, snapshot, unit);
    if (lease) capacity.took(lease);
    tookMs.push(performance.now() - beganMs);
    if (lease) ranked += 1;
  }
  return { tookMs, ranked };
}

/** Undefined: no place. The lease is what the store would answer with, on the fullest worker that has room. */
function decideOne(request: SessionRequest, snapshot: CapacitySnapshot, draw: number): Lease | undefined {
  const ranking = rankPools(request, snapshot, { waitedMs: 0, draw });
  const [best] = ranking.candidates;
  if (explain(ranking, best?.pool).length === 0 || whyOf(ranking).decidedAtMs === 0)
    throw new Error('no reasons');
  const pool = snapshot.regions
    .find(({ region }) => region === best?.region)
    ?.pools.find((each) => each.pool === best?.pool);
  const worker = pool?.workers.find(
    (w) => w.health === 'ready' && w.slots - w.usedSlots >= (best?.width ?? 1),
  );
  if (!best || !worker) return undefined;
  const { region, pool: poolId, width } = best;
  const place = { region, pool: poolId, workerId: worker.workerId, workerAddress: worker.address };
  const ref = leaseRefOf({ ...place, slot: 0, slots: worker.slots, width, gpus: 1, epoch: 1 as Epoch });
  return { ...ref, sessionId: request.sessionId, expiresAtMs: 0 };
}
