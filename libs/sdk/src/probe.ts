import type { Clock } from './clock.ts';
import type { Fetch } from './http-api.ts';
import type { Region } from './types.ts';

/** What was measured of one region. */
export interface RegionProbe {
  readonly region: string;
  readonly name: string;
  readonly jurisdiction: string;
  readonly reachable: boolean;
  /** Median round trip, ms; absent when the region did not answer. */
  readonly rttMs?: number;
}

export interface ProbeOptions {
  /** Round trips per region; the first is dropped because it pays for the connection. Default 5. */
  readonly pings?: number;
  /** For one round trip. Default 2000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

interface ProbePorts {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** What the platform measured of the request to `url` that took `elapsedMs`, ms; undefined when it does not tell. */
  readonly networkMs: (url: string, elapsedMs: number) => number | undefined;
}

/**
 * From request to response as the network stack saw it (Resource Timing; gateways allow it by `Timing-Allow-Origin`):
 * a page that is still busy loading would measure itself. `elapsedMs` ago the request began; older entries are another
 * request's, as a full buffer keeps them.
 */
export function networkMs(url: string, elapsedMs: number): number | undefined {
  const entry = performance.getEntriesByName(url, 'resource').at(-1) as Partial<ResourceTimes> | undefined;
  if (!entry?.requestStart || !entry.responseStart) return undefined;
  if (entry.requestStart < performance.now() - elapsedMs - 5) return undefined;
  const ms = entry.responseStart - entry.requestStart;
  return ms > 0 ? ms : undefined;
}

interface ResourceTimes {
  readonly requestStart: number;
  readonly responseStart: number;
}

/** Measures one region; never throws, a region that cannot be reached is an answer. */
export async function probeRegion(
  ports: ProbePorts,
  region: Region,
  options: ProbeOptions,
): Promise<RegionProbe> {
  const about = { region: region.id, name: region.name, jurisdiction: region.jurisdiction };
  const samplesMs: number[] = [];
  try {
    for (let ping = 0; ping < (options.pings ?? 5); ping += 1) {
      samplesMs.push(await pingMs(ports, region.pingUrl, options));
    }
  } catch {
    // One lost round trip must not hide a region that answered the ones before it.
    if (samplesMs.length < 2) return { ...about, reachable: false };
  }
  const measured = samplesMs.length > 1 ? samplesMs.slice(1) : samplesMs;
  return { ...about, reachable: true, rttMs: Math.round(median(measured) * 10) / 10 };
}

/** RTTs by region as `POST /v1/sessions` takes them, ms, at most 10,000. */
export function toRttMs(probes: readonly RegionProbe[]): Record<string, number> {
  const entries = probes.flatMap(({ region, rttMs }) =>
    rttMs === undefined ? [] : [[region, Math.min(rttMs, 10_000)] as const],
  );
  return Object.fromEntries(entries);
}

async function pingMs(
  { fetch, clock, networkMs }: ProbePorts,
  url: string,
  options: ProbeOptions,
): Promise<number> {
  const timeout = new AbortController();
  const cancel = clock.after(options.timeoutMs ?? 2_000, () => timeout.abort());
  const signal = options.signal ? AbortSignal.any([timeout.signal, options.signal]) : timeout.signal;
  const startedMs = clock.nowMs();
  try {
    const response = await fetch(url, { cache: 'no-store', signal });
    if (!response.ok) throw new Error(`ping answered ${response.status}`);
    await response.arrayBuffer();
    const elapsedMs = clock.nowMs() - startedMs;
    return Math.min(elapsedMs, networkMs(url, elapsedMs) ?? elapsedMs);
  } finally {
    cancel();
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
