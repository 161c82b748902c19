// How many sessions come within their latency target, against the most that anybody could place who knows all arrivals
// and durations beforehand (a linear program), where capacity is ample, exact and short. Meridian's own use cases run on
// virtual time; the baselines run on a simple fleet of the same slots.
import {
  aligned,
  inRoot,
  machineText,
  Problem,
  progressTo,
  wholeNumber,
  type BenchResult,
  type Figure,
} from '@meridian/embedded';
import {
  BASELINES,
  meridian,
  placementBound,
  summarize,
  type Contender,
  type Summary,
} from '@meridian/simulator';
import { citiesFrom, dayOf, fleetFor } from './placement-quality/two-continents.ts';

export const options = {
  seeds: { type: 'string', default: '10' },
  /** Highest mean number of sessions at a time. */
  sessions: { type: 'string', default: '300' },
} as const;

type Values = Readonly<Partial<Record<keyof typeof options, string>>>;

/** Capacity as a share of the peak, and the least share of the optimum to reach. */
const CAPACITIES = [
  { name: '1.15', capacity: 1.15, least: 0.99 },
  { name: '1.0', capacity: 1, least: 0.985 },
  { name: '0.85', capacity: 0.85, least: 0.94 },
] as const;
const CONTENDERS: readonly Contender[] = [meridian, ...BASELINES];

/** One contender on one day with one fleet. */
interface Run {
  readonly capacity: string;
  readonly contender: string;
  readonly summary: Summary;
  /** Of the optimum's attainment. */
  readonly ratio: number;
  readonly optimum: number;
}

export async function run(values: Values): Promise<BenchResult> {
  const seeds = wholeNumber('--seeds', values.seeds ?? '', 1, 1_000);
  const sessions = wholeNumber('--sessions', values.sessions ?? '', 10, 1_000);
  const progress = progressTo(process.stderr);
  const cities = citiesFrom(inRoot('..', 'shared', 'data'));
  const runs: Run[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    await progress.step(`seed ${seed} of ${seeds}`, async () => {
      const traffic = dayOf(sessions, seed, cities);
      for (const { name, capacity } of CAPACITIES) {
        const scenario = fleetFor(sessions, traffic, capacity);
        const bound = await placementBound(scenario, traffic);
        if (bound.kind === 'too_big')
          throw new Problem('--sessions is too large for the optimum; give fewer.');
        for (const contender of CONTENDERS) {
          const result = await contender.run(scenario, traffic, { seed });
          const summary = summarize(scenario, traffic, result);
          const ratio = summary.sloAttainment / bound.attainment;
          runs.push({ capacity: name, contender: contender.name, summary, ratio, optimum: bound.attainment });
        }
      }
    });
  }
  return {
    bench: 'placement-quality',
    machine: machineText(),
    figures: CAPACITIES.map(({ name, least }) => figureOf(runs, name, least)),
    notShown: [
      'the network, stores, gateways and workers: the use cases run over stores in memory, on virtual time',
      'outages, boots and scaling: the fleet stays as it is',
      `users who would rather play beyond the target than not at all: the policy sends nobody beyond 80 ms, and whoever cannot be placed leaves after a minute; nearest with spill sends them`,
      'what people do: arrivals, durations and times of day are drawn (docs/simulate.md); the RTTs are of servers, without a home connection',
    ],
    text: textOf(runs, seeds, sessions, cities.source),
  };
}

const of = (runs: readonly Run[], capacity: string, contender: string): readonly Run[] =>
  runs.filter((each) => each.capacity === capacity && each.contender === contender);

function figureOf(runs: readonly Run[], capacity: string, least: number): Figure {
  const ours = of(runs, capacity, meridian.name).map(({ ratio }) => ratio);
  const [spill] = BASELINES;
  const theirs = of(runs, capacity, spill?.name ?? '').map(({ ratio }) => ratio);
  return {
    ...{ name: `attainment_ratio_${capacity}`, unit: 'of the optimum', value: mean(ours) },
    ...{ spread: [Math.min(...ours), Math.max(...ours)], bar: { min: least } },
    peer: { name: spill?.name ?? '', value: mean(theirs) },
  };
}

function textOf(runs: readonly Run[], seeds: number, sessions: number, source: string): string {
  const tables = CAPACITIES.flatMap(({ name }) => {
    const optimum = mean(of(runs, name, meridian.name).map((each) => each.optimum));
    return [
      '',
      `  capacity ${name} of the peak; the optimum places ${percent(optimum)} within 80 ms`,
      ...table(runs, name),
    ];
  });
  return [
    ...tables,
    '',
    `  ${source}; ${seeds} days from seeds 1 to ${seeds}, each with at most ${sessions} sessions at a time (mean);`,
    '  of optimum: share of all arrivals placed within 80 ms / the same of the optimum, mean, least and greatest over the seeds.',
    '  The figures above are the means. The optimum may refuse long sessions in favour of short ones; nobody else knows which is which.',
    "  Capacity: of the most sessions at a time of that day; in proportion to those of each region's nearest users; 5 slots a GPU.",
  ].join('\n');
}

function table(runs: readonly Run[], capacity: string): readonly string[] {
  const header = [
    '',
    'of optimum',
    'least',
    'greatest',
    'within 80 ms',
    'placed',
    'RTT p50',
    'RTT p95',
    'wait p95',
    'worst cities',
  ];
  const rows = CONTENDERS.map(({ name }) => {
    const mine = of(runs, capacity, name);
    const ratios = mine.map(({ ratio }) => ratio);
    const over = (figure: (summary: Summary) => number) => mean(mine.map(({ summary }) => figure(summary)));
    return [
      name,
      ...[mean(ratios), Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(4)),
      percent(over(({ sloAttainment }) => sloAttainment)),
      percent(over(({ rejected, abandoned }) => 1 - rejected - abandoned)),
      `${over(({ rttMsP50 }) => rttMsP50).toFixed(0)} ms`,
      `${over(({ rttMsP95 }) => rttMsP95).toFixed(0)} ms`,
      `${over(({ queueWaitSP95 }) => queueWaitSP95).toFixed(0)} s`,
      percent(over(({ worstDecileCity }) => worstDecileCity)),
    ];
  });
  return aligned([header, ...rows]);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
