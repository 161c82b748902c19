import type { Scenario } from '../scenario.ts';
import { BadInput, readCells, readTable, type TextFile } from './table.ts';
import type { City, Outage } from './traffic.ts';

/** What a user gives instead of what is generated; times as in the files. */
export interface TrafficInputs {
  readonly cities?: readonly City[];
  readonly rtt?: RttMatrix;
  readonly arrivals?: readonly GivenArrival[];
  readonly concurrency?: readonly CurvePoint[];
  /** Minutes, drawn from. */
  readonly durations?: readonly number[];
  readonly outages?: readonly Outage[];
}

export interface GivenArrival {
  readonly atS: number;
  readonly city: string;
  /** Undefined: drawn. */
  readonly durationS: number | undefined;
}

export interface CurvePoint {
  readonly atS: number;
  readonly count: number;
}

/** RTT between places in ms, by name. */
export interface RttMatrix {
  readonly names: ReadonlySet<string>;
  between(from: string, to: string): number;
}

/** `city,weight,latitude,longitude,continent`; weight 1 and continent unknown where they are left out. */
export function readCities(file: TextFile): readonly City[] {
  const seen = new Set<string>();
  return readTable(file, ['city', 'latitude', 'longitude']).map((row) => {
    const city = row.text('city');
    if (seen.has(city)) throw row.wrong('city', 'each city once');
    seen.add(city);
    return {
      city,
      weight: row.numberOr('weight', 1, 0),
      latitude: row.number('latitude', -90, 90),
      longitude: row.number('longitude', -180, 180),
      continent: row.textOr('continent', 'unknown'),
    };
  });
}

/** A square matrix in ms: names in the header row and the first column. */
export function readRtt(file: TextFile): RttMatrix {
  const [header, ...rows] = readCells(file);
  // Some tools end every line with a comma.
  const names = (header?.cells ?? []).slice(1, (header?.cells.findLastIndex((name) => name !== '') ?? 0) + 1);
  if (!header || names.length === 0) {
    throw new BadInput(`${file.file}: expected a header row with the names of the places, found none.`);
  }
  const columns = new Map(names.map((name, i) => [name, i]));
  const table = new Map(
    rows.map(({ cells: [name = '', ...cells], line }) => {
      if (!columns.has(name)) {
        const expected = `expected a name of the header row, found ${name === '' ? 'nothing' : `"${name}"`}`;
        throw new BadInput(`${file.file}, line ${line}, column 1: ${expected}.`);
      }
      return [name, names.map((column, i) => rttOf(file.file, line, column, cells[i] ?? ''))];
    }),
  );
  const missing = names.find((name) => !table.has(name));
  if (missing !== undefined) {
    throw new BadInput(
      `${file.file}: "${missing}" is in the header row, but no line begins with it; add one.`,
    );
  }
  return {
    names: new Set(names),
    between: (from, to) => table.get(from)?.[columns.get(to) ?? -1] ?? NaN,
  };
}

function rttOf(file: string, line: number, column: string, cell: string): number {
  const value = cell === '' ? NaN : Number(cell);
  if (Number.isFinite(value) && value >= 0) return value;
  const found = cell === '' ? 'nothing' : `"${cell}"`;
  throw new BadInput(`${file}, line ${line}, column ${column}: expected an RTT in ms, found ${found}.`);
}

/** `time_s,city[,duration_s]`, in any order of time. */
export function readArrivals(file: TextFile): readonly GivenArrival[] {
  return readTable(file, ['time_s', 'city'])
    .map((row) => ({
      atS: row.number('time_s', 0),
      city: row.text('city'),
      durationS: row.numberOr('duration_s', undefined, 0),
    }))
    .sort((a, b) => a.atS - b.atS);
}

/** `time_s,count`, rising in time. */
export function readConcurrency(file: TextFile): readonly CurvePoint[] {
  let beforeS = -Infinity;
  return readTable(file, ['time_s', 'count']).map((row) => {
    const point = { atS: row.number('time_s', 0), count: row.number('count', 0) };
    if (point.atS <= beforeS) throw row.wrong('time_s', `a time after ${beforeS}, the one before it`);
    beforeS = point.atS;
    return point;
  });
}

/** `minutes`, one a row. */
export const readDurations = (file: TextFile): readonly number[] =>
  readTable(file, ['minutes']).map((row) => row.number('minutes', 0));

/** `region_or_worker,start_s,end_s`; a worker is `REGION-GPUTYPE-N`. Times count from the end of the warm-up. */
export function readOutages(file: TextFile, { regions, pools }: Scenario): readonly Outage[] {
  const isKnown = (target: string): boolean =>
    regions.some(({ region }) => region === target) ||
    pools.some(({ region, gpuType }) => new RegExp(`^${region}-${gpuType}-[1-9][0-9]*$`).test(target));
  const [pool] = pools;
  const expected = `a region (${regions.map(({ region }) => region).join(', ')}) or a worker, such as ${pool?.region}-${pool?.gpuType}-1`;
  return readTable(file, ['region_or_worker', 'start_s', 'end_s']).map((row) => {
    const target = row.text('region_or_worker');
    if (!isKnown(target)) throw row.wrong('region_or_worker', expected);
    const startS = row.number('start_s', 0);
    const endS = row.number('end_s', 0);
    if (endS <= startS) throw row.wrong('end_s', `a time after start_s (${startS})`);
    return { target, startMs: startS * 1_000, endMs: endS * 1_000 };
  });
}
