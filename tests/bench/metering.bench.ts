// How fast what sessions use comes from heartbeats into PostgreSQL, what that costs, how late it is, how much room it
// takes, and how long a tenant's month of it takes to ask for.
import {
  machineText,
  percentile,
  progressTo,
  startThrowAway,
  wholeNumber,
  type BenchResult,
  type ThrowAway,
} from '@meridian/embedded';
import { cpuTimeMs } from './gateway/cpu-time.ts';
import { REGION } from './metering/crowd.ts';
import { measureMonth, type MonthResult } from './metering/month.ts';
import { measureRate, type RateResult } from './metering/rate.ts';

const SESSIONS = 100_000;
/** As in the benches of placement. In a heartbeat of 8 the worker itself costs Redis more than its sessions do. */
const SLOTS = 64;
/** Between two reports of a session: 100,000 sessions make 10,000 readings a second. */
const BEAT_MS = 10_000;
const SEGMENTS = 10_000_000;
const LAGO_EVENTS_PER_S = 10_000;

export const options = {
  seconds: { type: 'string' },
  sessions: { type: 'string' },
  slots: { type: 'string' },
  segments: { type: 'string' },
} as const;

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const asked = (name: keyof typeof options, usual: number, max: number): number =>
    wholeNumber(`--${name}`, String(values[name] ?? usual), 0, max);
  const seconds = asked('seconds', 90, 3_600);
  const sessions = asked('sessions', SESSIONS, SESSIONS);
  const slots = asked('slots', SLOTS, 1_024);
  const segments = asked('segments', SEGMENTS, SEGMENTS);
  const progress = progressTo(process.stderr);
  // The control plane only makes the tables: the metering that is measured runs in a process of its own.
  const controlPlaneEnv = { ROLES: 'api' };
  const system = await startThrowAway({ progress, build: false, workersPerRegion: 0, controlPlaneEnv });
  try {
    const { databaseUrl } = system;
    const where = { databaseUrl, redisUrl: system.redisUrl(REGION), storesCpuMs: () => storesCpuMs(system) };
    const plan = { sessions, slots, beatMs: BEAT_MS, measuredMs: seconds * 1_000 };
    const rate = seconds > 0 ? await measureRate({ ...where, ...plan, progress }) : undefined;
    const month = segments > 0 ? await measureMonth(databaseUrl, segments, progress) : undefined;
    return resultOf(sessions, rate, month);
  } finally {
    await system.remove();
  }
}

const storesCpuMs = (system: ThrowAway): number =>
  ['postgres', `redis-${REGION}`].reduce((sum, name) => sum + cpuTimeMs(system.pidOf(name) ?? 0), 0);

function resultOf(
  sessions: number,
  rate: RateResult | undefined,
  month: MonthResult | undefined,
): BenchResult {
  return {
    bench: 'metering',
    machine: machineText(),
    figures: [...(rate ? rateFigures(rate, month) : []), ...(month ? monthFigures(month) : [])],
    notShown: [
      'the way of a heartbeat before it comes to Redis: gRPC, checks, and the look into the record whether its session goes on',
      'a session that reports every second: 100,000 of those are ten times as many readings',
      'more than one control plane, more than one region; PostgreSQL with a standby, Redis with a replica',
      ...(month ? ['a month that is not in memory, and others who ask or write meanwhile'] : []),
    ],
    text: [...(rate ? rateText(rate, sessions) : []), ...(month ? monthText(month) : [])].join('\n'),
  };
}

function rateFigures(rate: RateResult, month: MonthResult | undefined): BenchResult['figures'] {
  const seconds = rate.tookMs / 1_000;
  return [
    {
      ...{
        name: 'heartbeats_per_s',
        value: rate.readings / seconds,
        unit: 'readings/s',
        bar: { min: 9_900 },
      },
      peer: { name: 'Lago claims, events/s:', value: LAGO_EVENTS_PER_S },
    },
    { name: 'stored_per_s', value: rate.applied / seconds, unit: 'readings/s' },
    { name: 'cpu_cores', value: rate.cpuMs / rate.tookMs, unit: 'cores', bar: { max: 1 } },
    { name: 'stores_cpu_cores', value: rate.storesCpuMs / rate.tookMs, unit: 'cores' },
    { name: 'lag_s_p50', value: rate.lagMsP50 / 1_000, unit: 's' },
    { name: 'lag_s_p99', value: rate.lagMsP99 / 1_000, unit: 's', bar: { max: 60 } },
    { name: 'lag_s_max', value: Math.max(rate.lagMsMax, rate.waitedMsMax) / 1_000, unit: 's' },
    { name: 'catch_up_per_s', value: (rate.drain.readings * 1_000) / rate.drain.tookMs, unit: 'readings/s' },
    { name: 'set_aside', value: rate.setAside, unit: 'readings', bar: { max: 0 } },
    { name: 'heartbeats_lost', value: rate.lost, unit: '' },
    { name: 'bytes_per_session_hour', value: bytesPerSessionHour(rate, month), unit: 'bytes' },
  ];
}

/** Of a session of one hour: one meter, and two segments, for nearly every such session meets the end of a UTC hour. */
const bytesPerSessionHour = (rate: RateResult, month: MonthResult | undefined): number =>
  2 * rate.bytesPerSegment + rate.bytesPerMeter + (month?.hourBytesPerSessionHour ?? 0);

function rateText(rate: RateResult, sessions: number): string[] {
  const perBeat = Math.round(rate.readings / rate.heartbeats);
  return [
    `a heartbeat here is what one session reports: its cumulative counters. Workers send them ${perBeat} at a time, ${Math.round((rate.heartbeats * 1_000) / rate.tookMs)} messages a second; each session reports every ${BEAT_MS / 1_000} s`,
    `fed by the process that is measured, so its CPU time has the making of the messages in it, straight to the registry in Redis; the flush runs every 5 s, hours are cut and added up every 15 s, as in a control plane`,
    `all ${sessions} sessions began before the hour, so the first reading of each cuts a segment: the whole change of an hour is in these figures (${rate.segments} segments)`,
    `lag is from the arrival of a reading in Redis until it, or a newer one of its session, was committed to PostgreSQL: counters are cumulative, so under load some are never stored by themselves (stored_per_s)`,
    `a heartbeat took ${rate.beatMsP99} ms at the 99th percentile, in a process that also flushes; ${rate.drain.readings} readings that had waited were stored in ${(rate.drain.tookMs / 1_000).toFixed(1)} s`,
    `storage: ${Math.round(rate.bytesPerSegment)} bytes a segment with its indexes and the constraint, ${Math.round(rate.bytesPerMeter)} a meter. It grows with segments: ${rate.applied} readings made the meters ${Math.round(rate.metersGrewBy * 100)} % larger, once`,
  ];
}

function monthFigures(month: MonthResult): BenchResult['figures'] {
  const ms = (share: number): number => percentile(month.queryMs, share);
  return [
    { name: 'query_ms_p95', value: ms(0.95), unit: 'ms', bar: { max: 100 } },
    { name: 'query_ms_p50', value: ms(0.5), unit: 'ms' },
    { name: 'query_ms_first', value: month.queryMs[0] ?? 0, unit: 'ms' },
  ];
}

const monthText = (month: MonthResult): string[] => [
  `a query is a tenant's month by day (Europe/London), model and region, through the port that the API asks; ${month.queryMs.length} of them over ${month.tenants} tenants, ${Math.round(month.rowsPerQuery)} rows each`,
  `${month.segments} segments of ${month.pools} pools were written in bulk, without the constraint against overlaps, which no query reads; the job added them up to ${month.hours} hours in ${(month.rollUpMs / 1_000).toFixed(1)} s. Few tenants have most of the segments`,
];
