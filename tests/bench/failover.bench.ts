// Workers and gateways are killed, drained and stopped while sessions play on them, and the sessions' frames are looked at
// where they arrive. Both regions are under fire at once; what is killed is started again by the supervisor, and that is
// part of the load.

import { setTimeout as delay } from 'node:timers/promises';
import { Meridian } from '@meridian/sdk';
import {
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  wholeNumber,
  type BenchResult,
  type Figure,
  type Progress,
} from '@meridian/embedded';
import { RegionUnderFire, type Fault } from './failover/region.ts';

export const options = {
  kills: { type: 'string' },
  'gateway-kills': { type: 'string' },
  drains: { type: 'string' },
  stops: { type: 'string' },
} as const;

const REGIONS = ['us-east', 'eu-west'] as const;
const SESSIONS_PER_REGION = 2;
const WORKERS_PER_REGION = 4;
const GATEWAYS_PER_REGION = 3;
/** From one fault of a region to its next: a worker takes about two seconds of a core to start again. */
const PACE_MS = 3_000;

interface Kind {
  readonly name: string;
  readonly faults: number;
  readonly strike: (region: RegionUnderFire) => Promise<Fault>;
  /** Of the median and of the 99th percentile. */
  readonly barMs: { readonly p50?: number; readonly p99?: number };
}

function kindsOf(values: Readonly<Record<string, unknown>>): readonly Kind[] {
  const many = (option: keyof typeof options, usual: number) =>
    wholeNumber(`--${option}`, String(values[option] ?? usual), 0, 1_000);
  return [
    {
      ...{ name: 'worker_pause', faults: many('kills', 100), barMs: { p50: 500, p99: 2_000 } },
      strike: (region) => region.killWorker(),
    },
    {
      ...{ name: 'gateway_pause', faults: many('gateway-kills', 30), barMs: { p99: 2_000 } },
      strike: (region) => region.killGateway(),
    },
    {
      ...{ name: 'drain_pause', faults: many('drains', 20), barMs: { p99: 500 } },
      strike: (region) => region.drainWorker(),
    },
    {
      ...{ name: 'stopped_worker_pause', faults: many('stops', 6), barMs: {} },
      strike: (region) => region.stopWorker(),
    },
    {
      ...{ name: 'stopped_gateway_pause', faults: many('stops', 6), barMs: {} },
      strike: (region) => region.stopGateway(),
    },
  ];
}

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const kinds = kindsOf(values).filter(({ faults }) => faults > 0);
  const progress = progressTo(process.stderr);
  const system = await startThrowAway({
    ...{ progress, build: false },
    workersPerRegion: WORKERS_PER_REGION,
    gatewaysPerRegion: GATEWAYS_PER_REGION,
  });
  try {
    const meridian = new Meridian({ baseUrl: system.url, apiKey: system.secrets.playKey });
    const [model] = await meridian.listModels();
    const regions = REGIONS.map((region) => new RegionUnderFire(system, region));
    await Promise.all(regions.map((region) => region.play(SESSIONS_PER_REGION, model?.model ?? 'gallery')));
    const figures: Figure[] = [];
    for (const kind of kinds) figures.push(...(await measured(kind, regions, progress)));
    const sessions = regions.flatMap(({ sessions: now, former }) => [...now, ...former]);
    const count = (of: (session: (typeof sessions)[number]) => number) =>
      sessions.reduce((sum, session) => sum + of(session), 0);
    figures.push(
      { name: 'lost', value: count(({ lost }) => (lost ? 1 : 0)), unit: 'sessions', bar: { max: 0 } },
      { name: 'repeated', value: count(({ repeated }) => repeated), unit: 'frames', bar: { max: 0 } },
    );
    await Promise.all(regions.map((region) => region.end()));
    return { bench: 'failover', machine: machineText(), figures, notShown: NOT_SHOWN };
  } finally {
    await system.remove();
  }
}

const NOT_SHOWN = [
  'a network: a process that is killed closes its connections at once, which a host that loses power does not (the stopped ones stand for that)',
  'a worker with many sessions: at most two are on one here',
  'what of the walk is lost: at most the second since the last checkpoint, nothing on a drain',
  'GPUs: a worker of a large model takes longer to load what it restores',
];

/** The regions take turns at fixed times, each as often as the other. */
async function measured(
  kind: Kind,
  regions: readonly RegionUnderFire[],
  progress: Progress,
): Promise<Figure[]> {
  const each = Math.ceil(kind.faults / regions.length);
  const lane = async (region: RegionUnderFire, index: number) => {
    await delay((index * PACE_MS) / regions.length);
    const faults: Fault[] = [];
    while (faults.length < each) {
      const paced = delay(PACE_MS);
      faults.push(await kind.strike(region));
      await paced;
    }
    return faults;
  };
  const faults = await progress.step(`${kind.name}, ${each * regions.length} times`, () =>
    Promise.all(regions.map(lane)),
  );
  const pausesMs = faults.flat().flatMap((fault) => fault.pausesMs);
  return [
    { name: `${kind.name}s`, value: pausesMs.length, unit: `of ${each * regions.length} faults` },
    pause(kind, 'p50', percentile(pausesMs, 0.5)),
    {
      ...pause(kind, 'p99', percentile(pausesMs, 0.99)),
      spread: [Math.min(...pausesMs), Math.max(...pausesMs)],
    },
  ];
}

function pause({ name, barMs }: Kind, rank: 'p50' | 'p99', value: number): Figure {
  const max = barMs[rank];
  return { name: `${name}_ms_${rank}`, value, unit: 'ms', ...(max !== undefined && { bar: { max } }) };
}
