import type { FleetSample } from '../contender.ts';
import type { SeedRun } from '../simulate.ts';
import { placedRttMs, summarize } from '../summary.ts';
import { barChart, colorOf, lineChart, page, type Box, type Line } from './svg.ts';

const WIDTH = 1_080;
const CHART = { width: 530, height: 250 };
const TOP = 36;

/**
 * Of one seed: sessions and slots of each region over time under the first contender, SLO attainment of each contender, and
 * the distribution of RTTs.
 */
export function reportSvg({ scenario, traffic, runs, hindsight }: SeedRun): string {
  const [first] = runs;
  if (!first) throw new Error('there is no run to draw');
  const samples = first.samples.filter(({ atMs }) => atMs >= traffic.countFromMs);
  const hours = (atMs: number): number => (atMs - traffic.countFromMs) / 3_600_000;
  const xRange = [0, hours(traffic.endMs)] as const;
  const regions = scenario.regions.map(({ region }, i) =>
    lineChart(
      boxAt(i),
      frameOf(`${region}, ${first.contender}`, 'sessions, slots', 'hours', xRange, mostOf(samples, region)),
      [
        regionLine('slots', '#888', samples, (sample) => sample.regions[region]?.slots ?? 0, hours, true),
        {
          ...regionLine(
            'sessions',
            colorOf(i),
            samples,
            (sample) => sample.regions[region]?.busy ?? 0,
            hours,
          ),
          filled: true,
        },
      ],
    ),
  );
  const bars = runs.map((run, i) => ({
    label: run.contender,
    color: colorOf(i),
    share: summarize(scenario, traffic, run).sloAttainment,
  }));
  const best = hindsight?.sloAttainment;
  if (best !== undefined) bars.push({ label: 'hindsight (bound)', color: '#bbb', share: best });
  const cdfs = runs.map((run, i): Line => {
    const rtts = placedRttMs(scenario, traffic, run);
    const step = Math.max(1, Math.floor(rtts.length / 200));
    const points = rtts.map((rttMs, at) => [rttMs, (at + 1) / rtts.length] as const);
    return { label: run.contender, color: colorOf(i), points: points.filter((_, at) => at % step === 0) };
  });
  const sloMs = scenario.slo.rttMs;
  const rttRange = [
    0,
    Math.max(2 * sloMs, ...cdfs.map(({ points }) => points.at(Math.floor(points.length * 0.99))?.[0] ?? 0)),
  ] as const;
  const last = regions.length;
  const charts = [
    ...regions,
    barChart(boxAt(last), `arrivals placed within ${sloMs} ms`, bars),
    lineChart(
      boxAt(last + 1),
      {
        ...frameOf('RTT of those placed', 'share', 'ms', rttRange, 1),
        legend: 'inside',
        mark: { x: sloMs, label: `SLO ${sloMs} ms` },
      },
      cdfs,
    ),
  ];
  const rows = Math.ceil(charts.length / 2);
  return page(WIDTH, TOP + rows * CHART.height + 8, scenario.name, charts);
}

const boxAt = (index: number): Box => ({
  x: 8 + (index % 2) * CHART.width,
  y: TOP + Math.floor(index / 2) * CHART.height,
  ...CHART,
});

const frameOf = (
  title: string,
  yLabel: string,
  xLabel: string,
  xRange: readonly [number, number],
  most: number,
) => ({ title, yLabel, xLabel, xRange, yRange: [0, most] as const, legend: 'above' as const });

const mostOf = (samples: readonly FleetSample[], region: string): number =>
  1.15 *
  Math.max(
    1,
    ...samples.map(({ regions }) => Math.max(regions[region]?.slots ?? 0, regions[region]?.busy ?? 0)),
  );

const regionLine = (
  label: string,
  color: string,
  samples: readonly FleetSample[],
  of: (sample: FleetSample) => number,
  hours: (atMs: number) => number,
  dashed = false,
): Line => ({
  label,
  color,
  dashed,
  points: samples.map((sample) => [hours(sample.atMs), of(sample)] as const),
});
