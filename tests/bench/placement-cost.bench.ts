// What a fleet that follows its load pays for, against a fleet that knows the future, boots in no time and moves sessions
// together whenever that empties a GPU: the integral over time of ceil(sessions / slots). Meridian's own use cases, its
// forecast and its capacity advice run on virtual time; the peer is a plain buffer of free slots on the same traffic.
import {
  aligned,
  machineText,
  progressTo,
  wholeNumber,
  type BenchResult,
  type Figure,
} from '@meridian/embedded';
import {
  BASELINES,
  costBoundGpuMs,
  makeTraffic,
  meridian,
  scenarioSchema,
  summarize,
  type Contender,
  type Scenario,
} from '@meridian/simulator';

export const options = { seeds: { type: 'string', default: '5' } } as const;

/** Sessions at a time, and the most that may be paid for, of the bound. */
const LOADS = [
  { sessions: 300, most: 1.15 },
  { sessions: 1_000, most: 1.08 },
] as const;
const WAIT_S_P95_MAX = 10;
const REJECTED_MAX = 0.01;
const SLOTS_PER_GPU = 8;
const BOOT_S = 300;
/** A rule of placement has no choice in one pool; this one comes with the buffer of Agones' FleetAutoscaler. */
const BUFFER = BASELINES.filter(({ name }) => name === 'Agones packed');
const CONTENDERS: readonly Contender[] = [meridian, ...BUFFER];

interface Run {
  readonly sessions: number;
  readonly seed: number;
  readonly contender: string;
  readonly paidRatio: number;
  readonly boundGpuHours: number;
  readonly paidGpuHours: number;
  readonly waitSP95: number;
  /** Refused at once, or gone from the queue. */
  readonly rejected: number;
  readonly gbpPerUserHour: number;
}

export async function run(
  values: Readonly<Partial<Record<keyof typeof options, string>>>,
): Promise<BenchResult> {
  const seeds = wholeNumber('--seeds', values.seeds ?? '', 1, 1_000);
  const progress = progressTo(process.stderr);
  const runs: Run[] = [];
  for (const { sessions } of LOADS) {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const label = `${sessions} sessions, seed ${seed} of ${seeds}`;
      runs.push(...(await progress.step(label, () => compare(sessions, seed))));
    }
  }
  return {
    bench: 'placement-cost',
    machine: machineText(),
    figures: LOADS.flatMap(({ sessions, most }) => figuresOf(runs, sessions, most)),
    notShown: [
      'several regions or models: every pool rounds up to whole GPUs and keeps a buffer of its own, so that 300 sessions in four pools cost more',
      'crowds beyond the time of day, outages, GPUs that are not to be had, boots of varying length',
      'a forecast that has seen earlier days: each run begins without a history',
      'discounts, and bills by anything else than the time that a GPU is held',
    ],
    text: textOf(runs, seeds),
  };
}

async function compare(sessions: number, seed: number): Promise<readonly Run[]> {
  const scenario = scenarioOf(sessions);
  const traffic = makeTraffic(scenario, seed);
  const boundGpuMs = costBoundGpuMs(scenario, traffic);
  const runs: Run[] = [];
  for (const contender of CONTENDERS) {
    const result = await contender.run(scenario, traffic, { seed });
    const { paidGpuHours, queueWaitSP95, rejected, abandoned, gbpPerUserHour } = summarize(
      scenario,
      traffic,
      result,
    );
    runs.push({
      ...{ sessions, seed, contender: contender.name, paidGpuHours, gbpPerUserHour },
      ...{ paidRatio: result.bill.paidGpuMs / boundGpuMs, boundGpuHours: boundGpuMs / 3_600_000 },
      ...{ waitSP95: queueWaitSP95, rejected: rejected + abandoned },
    });
  }
  return runs;
}

/** One pool for a day of users of one continent, from the hour with the fewest of them; a trough of a quarter of the peak. */
const scenarioOf = (sessions: number): Scenario =>
  scenarioSchema.parse({
    name: `${sessions} sessions in one pool`,
    durationS: 86_400,
    regions: [{ region: 'us-east', jurisdiction: 'us', latitude: 38.9, longitude: -77 }],
    pools: [
      {
        ...{ region: 'us-east', slotsPerGpu: SLOTS_PER_GPU, bootS: BOOT_S, pricePerGpuHourGbp: 2.4 },
        gpus: Math.ceil((0.45 * sessions) / SLOTS_PER_GPU),
      },
    ],
    traffic: {
      ...{ peakConcurrent: sessions, startHourUtc: 12 },
      within: [{ latitude: [14, 75], longitude: [-170, -50] }],
    },
    // One region serves the whole continent: nobody is turned away for being far.
    policy: { targetActionToFrameMs: 400 },
    autoscale: true,
  });

const of = (runs: readonly Run[], sessions: number, contender: string): readonly Run[] =>
  runs.filter((each) => each.sessions === sessions && each.contender === contender);

function figuresOf(runs: readonly Run[], sessions: number, most: number): readonly Figure[] {
  const ours = of(runs, sessions, meridian.name);
  const theirs = of(runs, sessions, BUFFER[0]?.name ?? '');
  const over = (figure: (run: Run) => number) => {
    const values = ours.map(figure);
    return { values, spread: [Math.min(...values), Math.max(...values)] as const };
  };
  const paid = over(({ paidRatio }) => paidRatio);
  const wait = over(({ waitSP95 }) => waitSP95);
  const rejected = over(({ rejected: share }) => share);
  const name = 'a buffer of 10 %';
  return [
    {
      ...{
        name: `paid_ratio_${sessions}`,
        unit: 'of the bound',
        value: mean(paid.values),
        spread: paid.spread,
      },
      ...{ peer: { name, value: mean(theirs.map(({ paidRatio }) => paidRatio)) }, bar: { max: most } },
    },
    // Of the day on which it was worst.
    {
      ...{ name: `wait_s_p95_${sessions}`, unit: 's', value: wait.spread[1], spread: wait.spread },
      ...{
        peer: { name, value: Math.max(...theirs.map(({ waitSP95 }) => waitSP95)) },
        bar: { max: WAIT_S_P95_MAX },
      },
    },
    {
      ...{ name: `rejected_${sessions}`, unit: 'share', value: rejected.spread[1], spread: rejected.spread },
      ...{
        peer: { name, value: Math.max(...theirs.map((each) => each.rejected)) },
        bar: { max: REJECTED_MAX },
      },
    },
  ];
}

function textOf(runs: readonly Run[], seeds: number): string {
  const header = ['', 'sessions', 'seed', 'bound', 'paid', 'ratio', 'wait p95', 'rejected', 'a user-hour'];
  const rows = runs.map((each) => [
    ...[
      each.contender === meridian.name ? each.contender : 'a buffer of 10 %',
      `${each.sessions}`,
      `${each.seed}`,
    ],
    ...[`${each.boundGpuHours.toFixed(1)} h`, `${each.paidGpuHours.toFixed(1)} h`, each.paidRatio.toFixed(4)],
    ...[
      `${each.waitSP95.toFixed(1)} s`,
      `${(100 * each.rejected).toFixed(2)} %`,
      `£${each.gbpPerUserHour.toFixed(3)}`,
    ],
  ]);
  return [
    '',
    ...aligned([header, ...rows]),
    '',
    `  ${seeds} days with at most 300 or 1,000 sessions at a time (mean at the peak; a quarter of it at the trough), one pool of`,
    `  ${SLOTS_PER_GPU} slots a GPU, ${BOOT_S / 60}-minute boots; sessions of 30 minutes at the median and 127 at p90, 12 h at most, which never move.`,
    '  ratio: GPU time paid for, boots and drains included / integral of ceil(sessions / slots) if each is served at once; the',
    '  figure is the mean of the seeds. Wait and rejected: of the worst seed; rejected counts who left the queue, too.',
    "  A buffer of 10 %: Agones' FleetAutoscaler of type Buffer, every 30 s; it has no queue.",
  ].join('\n');
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
