import { costBoundGpuMs, placementBound } from './clairvoyant/index.ts';
import type { Contender, RunResult } from './contender.ts';
import type { Scenario } from './scenario.ts';
import { decisionTime, summarize, type DecisionTime, type Summary } from './summary.ts';
import { makeTraffic } from './traffic/generate.ts';
import type { TrafficInputs } from './traffic/inputs.ts';
import type { Traffic } from './traffic/traffic.ts';

export interface SimulateOptions {
  readonly scenario: Scenario;
  readonly inputs: TrafficInputs;
  readonly seeds: readonly number[];
  readonly contenders: readonly Contender[];
  /** Also work out the best that hindsight could do. */
  readonly hindsight: boolean;
  /** Told now and then which run is how far. */
  readonly onProgress?: (run: {
    readonly seed: number;
    readonly contender: string;
    readonly share: number;
  }) => void;
}

/** All contenders on the traffic of one seed. */
export interface SeedRun {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly traffic: Traffic;
  readonly runs: readonly RunResult[];
  readonly hindsight?: Hindsight;
}

export interface Report {
  readonly scenario: string;
  readonly seeds: readonly number[];
  readonly contenders: readonly ContenderReport[];
  /** In the order of the seeds. */
  readonly hindsight?: readonly Hindsight[];
  /** Wall time, in the order of contenders and seeds: what a seed does not repeat. */
  readonly wall: readonly (readonly DecisionTime[])[];
}

/** What nobody can exceed on the same traffic, knowing all of it beforehand; each figure by itself. */
export interface Hindsight {
  /** By linear program; absent where that would be too large. */
  readonly sloAttainment?: number;
  /** Fewest that serve everyone at once. */
  readonly paidGpuHours: number;
}

export interface ContenderReport {
  readonly contender: string;
  /** In the order of the seeds. */
  readonly figures: readonly Summary[];
}

/** Runs every contender on the same traffic for every seed. @throws BadInput */
export async function simulate(
  options: SimulateOptions,
): Promise<{ readonly report: Report; readonly first: SeedRun }> {
  const { scenario, inputs, seeds, contenders, onProgress } = options;
  const hindsight: Hindsight[] = [];
  const reports = contenders.map(({ name }) => ({ contender: name, figures: [] as Summary[] }));
  const wall = contenders.map((): DecisionTime[] => []);
  let first: SeedRun | undefined;
  for (const seed of seeds) {
    const traffic = makeTraffic(scenario, seed, inputs);
    const runs: RunResult[] = [];
    for (const [i, contender] of contenders.entries()) {
      const { name } = contender;
      const run = await contender.run(scenario, traffic, {
        seed,
        onProgress: (share) => onProgress?.({ seed, contender: name, share }),
      });
      reports[i]?.figures.push(summarize(scenario, traffic, run));
      wall[i]?.push(decisionTime(run));
      if (!first) runs.push(run);
    }
    const best = options.hindsight ? await hindsightOf(scenario, traffic) : undefined;
    if (best) hindsight.push(best);
    first ??= { seed, scenario, traffic, runs, ...(best ? { hindsight: best } : {}) };
  }
  if (!first) throw new Error('there is no seed to run');
  const bounds = options.hindsight ? { hindsight } : {};
  return { report: { scenario: scenario.name, seeds, contenders: reports, ...bounds, wall }, first };
}

async function hindsightOf(scenario: Scenario, traffic: Traffic): Promise<Hindsight> {
  const paidGpuHours = costBoundGpuMs(scenario, traffic) / 3_600_000;
  const bound = await placementBound(scenario, traffic);
  return bound.kind === 'bound' ? { sloAttainment: bound.attainment, paidGpuHours } : { paidGpuHours };
}
