import type {
  Contender,
  DecisionTime,
  Hindsight,
  Report,
  Scenario,
  Summary,
  TextFile,
  TrafficInputs,
} from '@meridian/simulator';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { aligned } from '../bench-result.ts';
import { inRoot } from '../layout.ts';
import { readOptions, wholeNumber } from '../options.ts';
import { build } from '../prepare.ts';
import { hasCode, Problem } from '../problem.ts';
import { progressTo } from '../progress.ts';

const EXAMPLE = inRoot('libs', 'simulator', 'scenarios', 'two-continents.json');

const HELP = `./meridian simulate [--scenario FILE] [OPTION...]

Runs Meridian's own solver, queue and use cases on virtual time: a day of users in seconds. docs/simulate.md tells what a
scenario holds, what each file looks like, and what a simulation does not show.

  --scenario FILE     regions, pools, prices, boot time, slots per GPU, policy (an example of two continents)
  --rtt FILE          CSV: RTT in ms between places, names in the header row and the first column
  --cities FILE       CSV: city,weight,latitude,longitude,continent
  --arrivals FILE     CSV: time_s,city[,duration_s]
  --concurrency FILE  CSV: time_s,count; arrivals are made to follow it
  --durations FILE    CSV: minutes; durations are drawn from it
  --outages FILE      CSV: region_or_worker,start_s,end_s
  --compare           the same traffic also under other rules of placement, and the best that hindsight could do
  --plot FILE         draws it, as .svg or .png
  --seed N            another traffic (the scenario's seed)
  --seeds N           N seeds from that one on, with the spread (1)
  --json              one JSON object; the same seed gives the same bytes but for "wall"
  --replay N          a random history of the house, as the tests run it, told step by step
  --steps N           only its first N steps (240)
  --calm              without workers that crash

  --record TARGET     a month of a fleet of its own, written as a database's URL or a data folder of \`up\` would have it:
                      sessions, meters, GPU hours, prices, budgets. For looking at /billing; not for a fleet that is real
  --days N            so many days (30)
  --until TIME        when they end, ISO 8601 (the hour that began last); with the seed it fixes every row
`;

const OPTIONS = {
  scenario: { type: 'string' },
  rtt: { type: 'string' },
  cities: { type: 'string' },
  arrivals: { type: 'string' },
  concurrency: { type: 'string' },
  durations: { type: 'string' },
  outages: { type: 'string' },
  compare: { type: 'boolean' },
  plot: { type: 'string' },
  seed: { type: 'string' },
  seeds: { type: 'string' },
  json: { type: 'boolean' },
  replay: { type: 'string' },
  steps: { type: 'string' },
  calm: { type: 'boolean' },
  record: { type: 'string' },
  days: { type: 'string' },
  until: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof readSimulateOptions>;
type Simulator = typeof import('@meridian/simulator');

const readSimulateOptions = (args: readonly string[]) =>
  readOptions({ args: [...args], options: OPTIONS }).values;

const MOST_SEED = 2 ** 31 - 1;

export async function simulate(args: readonly string[]): Promise<number> {
  const values = readSimulateOptions(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.record !== undefined) return recordInto(values.record, values);
  if (values.arrivals !== undefined && values.concurrency !== undefined) {
    throw new Problem('--arrivals and --concurrency both say who comes; give one of them.');
  }
  const plot = values.plot === undefined ? undefined : plotFile(values.plot);
  const simulator = await load();
  try {
    return values.replay === undefined ? await run(simulator, values, plot) : await replay(simulator, values);
  } catch (error) {
    const isTheirs = error instanceof simulator.BadInput || error instanceof simulator.BadScenario;
    throw isTheirs ? new Problem(error.message) : error;
  }
}

const HOUR_MS = 3_600_000;
const MOST_DAYS = 366;

async function recordInto(target: string, { days = '30', seed = '1', until }: Values): Promise<number> {
  const toMs = until === undefined ? Math.floor(Date.now() / HOUR_MS) * HOUR_MS : Date.parse(until);
  if (Number.isNaN(toMs)) throw new Problem(`--until is "${until}"; give a time such as 2026-11-23T06:00Z.`);
  if (toMs > Date.now()) throw new Problem(`--until is "${until}"; give a time that is past.`);
  const options = {
    days: wholeNumber('--days', days, 1, MOST_DAYS),
    seed: wholeNumber('--seed', seed, 0, MOST_SEED),
  };
  const { record } = await import('../record/record.ts');
  return record({ target, toMs, ...options });
}

async function run(simulator: Simulator, values: Values, plot: PlotFile | undefined): Promise<number> {
  const scenario = simulator.readScenario(...textAndName(read(values.scenario ?? EXAMPLE)));
  const seed = wholeNumber('--seed', values.seed ?? String(scenario.seed), 0, MOST_SEED);
  const count = wholeNumber('--seeds', values.seeds ?? '1', 1, 1_000);
  const seeds = Array.from({ length: count }, (_, i) => seed + i);
  const inputs = readInputs(simulator, scenario, values);
  const contenders: readonly Contender[] = values.compare
    ? [simulator.meridian, ...simulator.BASELINES]
    : [simulator.meridian];
  const progress = showProgress();
  const { report, first } = await simulator.simulate({
    scenario,
    inputs,
    seeds,
    contenders,
    hindsight: values.compare === true,
    onProgress: progress.show,
  });
  progress.done();
  if (plot) await write(plot, simulator.reportSvg(first));
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : tableOf(report));
  return 0;
}

/** A random history of the house, step by step; exit code 1 when an invariant does not hold. */
async function replay({ replayHistory }: Simulator, values: Values): Promise<number> {
  const seed = wholeNumber('--replay', values.replay ?? '', 0, MOST_SEED);
  const steps = wholeNumber('--steps', values.steps ?? '240', 0, 100_000);
  const { timeline, broken } = await replayHistory({ seed, steps, crashes: !values.calm });
  process.stdout.write(`${timeline.join('\n')}\n`);
  process.stdout.write(broken === undefined ? 'every invariant held\n' : `BROKEN: ${broken}\n`);
  return broken === undefined ? 0 : 1;
}

function readInputs(simulator: Simulator, scenario: Scenario, values: Values): TrafficInputs {
  const { readCities, readRtt, readArrivals, readConcurrency, readDurations, readOutages } = simulator;
  const given = <T>(file: string | undefined, parse: (text: TextFile) => T): T | undefined =>
    file === undefined ? undefined : parse(read(file));
  const inputs = {
    cities: given(values.cities, readCities),
    rtt: given(values.rtt, readRtt),
    arrivals: given(values.arrivals, readArrivals),
    concurrency: given(values.concurrency, readConcurrency),
    durations: given(values.durations, readDurations),
    outages: given(values.outages, (text) => readOutages(text, scenario)),
  };
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
}

function read(file: string): TextFile {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new Problem(`There is no file ${file}; give the path of one that exists.`);
    if (hasCode(error, 'EISDIR')) throw new Problem(`${file} is a folder; give the path of a file.`);
    throw error;
  }
}

const textAndName = ({ file, text }: TextFile) => [text, file] as const;

interface PlotFile {
  readonly file: string;
  readonly kind: '.svg' | '.png';
}

function plotFile(file: string): PlotFile {
  const kind = path.extname(file).toLowerCase();
  if (kind === '.svg' || kind === '.png') return { file, kind };
  throw new Problem(`--plot is "${file}"; give a file that ends in .svg or .png.`);
}

async function write({ file, kind }: PlotFile, svg: string): Promise<void> {
  const bytes = kind === '.svg' ? svg : await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new Problem(`${path.dirname(file)} is no folder; make it, or plot elsewhere.`);
    throw error;
  }
  process.stderr.write(`drawn: ${file}\n`);
}

/** A line for every fifth of a run. */
function showProgress() {
  const progress = progressTo(process.stderr);
  let shown = '';
  return {
    show({ seed, contender, share }: { seed: number; contender: string; share: number }): void {
      const line = `seed ${seed}, ${contender}: ${Math.floor(share * 5) * 20} %`;
      if (line !== shown) progress.note(line);
      shown = line;
    },
    done: () => progress.note('done'),
  };
}

async function load(): Promise<Simulator> {
  await progressTo(process.stderr).step('the build is up to date', () => build(['simulator']));
  return import('@meridian/simulator');
}

interface Figure {
  readonly label: string;
  /** One for each contender. */
  readonly of: (report: Report) => readonly string[];
  /** The same of the best that hindsight could do, where that is known. */
  readonly bound?: (hindsight: readonly Hindsight[]) => string;
}

const figure = (label: string, name: keyof Summary, show: (value: number) => string): Figure => ({
  label,
  of: ({ contenders }) =>
    contenders.map(({ figures }) =>
      spread(
        figures.map((each) => each[name]),
        show,
      ),
    ),
});

const bounded = (label: string, name: keyof Hindsight, show: (value: number) => string): Figure => ({
  ...figure(label, name, show),
  bound: (hindsight) =>
    spread(
      hindsight.map((each) => each[name]),
      show,
    ),
});

const wall = (label: string, name: keyof DecisionTime, show: (value: number) => string): Figure => ({
  label,
  of: ({ wall: times }) =>
    times.map((each) =>
      spread(
        each.map((seed) => seed[name]),
        show,
      ),
    ),
});

/** The mean, and with several seeds the least and the greatest. */
function spread(values: readonly (number | undefined)[], show: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined && !Number.isNaN(value)) as readonly number[];
  if (known.length === 0) return '-';
  const mean = show(known.reduce((total, value) => total + value, 0) / known.length);
  return known.length === 1 ? mean : `${mean} (${show(Math.min(...known))} to ${show(Math.max(...known))})`;
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const fixed =
  (digits: number, unit = '') =>
  (value: number): string =>
    `${value.toFixed(digits)}${unit}`;

const FIGURES: readonly Figure[] = [
  figure('arrivals', 'arrivals', fixed(0)),
  bounded('placed within the SLO', 'sloAttainment', percent),
  figure('  worst tenth of cities', 'worstDecileCity', percent),
  figure("  Jain's index of cities", 'jainIndex', fixed(4)),
  figure('RTT p50', 'rttMsP50', fixed(1, ' ms')),
  figure('RTT p95', 'rttMsP95', fixed(1, ' ms')),
  figure('RTT p99', 'rttMsP99', fixed(1, ' ms')),
  figure('rejected at once', 'rejected', percent),
  figure('left the queue', 'abandoned', percent),
  figure('queue wait p50', 'queueWaitSP50', fixed(1, ' s')),
  figure('queue wait p95', 'queueWaitSP95', fixed(1, ' s')),
  figure('  told wait off by (p50)', 'etaErrorSP50', fixed(1, ' s')),
  figure('sessions per GPU', 'sessionsPerGpu', fixed(2)),
  bounded('GPU-hours paid', 'paidGpuHours', fixed(1)),
  figure('GPU-hours busy', 'busyGpuHours', fixed(1)),
  figure('cost of a user-hour', 'gbpPerUserHour', (value) => `£${value.toFixed(3)}`),
  figure('migrations', 'migrations', fixed(0)),
  figure('lost in an outage', 'lost', percent),
  wall('decision p50 (wall)', 'decisionMsP50', fixed(3, ' ms')),
  wall('decision p99 (wall)', 'decisionMsP99', fixed(3, ' ms')),
];

function tableOf(report: Report): string {
  const { scenario, seeds, contenders, hindsight } = report;
  const heading = ['', ...contenders.map(({ contender }) => contender), ...(hindsight ? ['hindsight'] : [])];
  const rows = FIGURES.map(({ label, of, bound }) => [
    ...[label, ...of(report)],
    ...(hindsight && bound ? [bound(hindsight)] : []),
  ]);
  const title = `${scenario}; ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
  return [title, ...aligned([heading, ...rows]), ''].join('\n');
}
