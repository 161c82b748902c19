// How many sessions one worker serves at 25 frames a second with at most one frame in a hundred late, and what a
// user-hour costs then. The worker runs on a core of its own (--cores for more, as a GPU's host wants); its control plane (this process) and its players are on
// the others. Nothing of Meridian stands between them: the players speak gRPC to the worker as a gateway does.
import { tokenMint, type TokenMint } from '@meridian/conformance';
import {
  inRoot,
  largestPassing,
  machineText,
  Problem,
  progressTo,
  pythonVenv,
  wholeNumber,
  type BenchResult,
  type Figure,
  type Progress,
} from '@meridian/embedded';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { coresFor, pin, type Cores } from './density/cores.ts';
import { curveSvg, curveTable } from './density/curve.ts';
import { gpuName } from './density/gpu.ts';
import { keepsPace, LATE_SHARE_MAX, FPS_MIN, measurePoint, type Point } from './density/point.ts';
import { WorkerProcess } from './density/worker-process.ts';

export const options = {
  model: { type: 'string', default: 'gallery' },
  /** Which kit's worker; `--command` starts any other that takes the same environment. */
  worker: { type: 'string', default: 'typescript' },
  command: { type: 'string' },
  cores: { type: 'string', default: '1' },
  first: { type: 'string', default: '8' },
  max: { type: 'string', default: '256' },
  /** Pounds an hour: what the default rate card asks for an H100. */
  'gpu-price': { type: 'string', default: '2.40' },
  /** Share of the slots that users hold, over a day. */
  utilisation: { type: 'string', default: '0.7' },
  svg: { type: 'string' },
} as const;

type Values = Readonly<Partial<Record<keyof typeof options, string>>>;

const DEADLINE_MS = 40;
/** The TypeScript worker with the model that ships with it, on one core. */
const SESSIONS_MIN = 10;

interface Plan {
  readonly model: string;
  readonly worker: string;
  readonly command: readonly string[];
  readonly coreCount: number;
  readonly cores: Cores | undefined;
  readonly first: number;
  readonly max: number;
  readonly gpuPrice: number;
  readonly utilisation: number;
  readonly svg: string | undefined;
}

export async function run(values: Values): Promise<BenchResult> {
  const progress = progressTo(process.stderr);
  const plan = await planOf(values, progress);
  if (plan.cores === undefined) progress.note('no core can be set aside: worker and players share them all');
  else pin(process.pid, plan.cores.others);
  const mint = await tokenMint();
  const slots = await progress.step('the worker has measured itself', () => ownMeasure(plan, mint));
  const { cores } = plan;
  const worker = await WorkerProcess.start({ ...plan, slots: plan.max, mint });
  const points: Point[] = [];
  const holds = async (sessions: number): Promise<boolean> => {
    const label = `${sessions} sessions`;
    const point = await progress.step(label, () => measurePoint(worker, mint, cores, sessions));
    points.push(point);
    return keepsPace(point);
  };
  try {
    // A neighbour on the machine can spoil a point and nothing can make one better than it is: a failed one is tried again.
    const found = await largestPassing(plan.first, plan.max, async (n) => (await holds(n)) || holds(n));
    return await resultOf(plan, points, found, slots);
  } finally {
    await worker.stop();
  }
}

async function planOf(values: Values, progress: Progress): Promise<Plan> {
  const { model = '', worker = '', svg } = values;
  const coreCount = wholeNumber('--cores', values.cores ?? '', 1, cpus().length);
  return {
    model,
    worker,
    command: await commandOf(worker, model, values.command, progress),
    coreCount,
    cores: coresFor(coreCount),
    first: wholeNumber('--first', values.first ?? '', 1, 1_024),
    max: wholeNumber('--max', values.max ?? '', 1, 1_024),
    gpuPrice: positive('--gpu-price', values['gpu-price'] ?? '', Infinity),
    utilisation: positive('--utilisation', values.utilisation ?? '', 1),
    svg: svg === undefined ? undefined : path.resolve(svg),
  };
}

async function commandOf(
  worker: string,
  model: string,
  command: string | undefined,
  progress: Progress,
): Promise<readonly string[]> {
  if (command !== undefined) return command.split(' ').filter((word) => word !== '');
  if (worker === 'typescript') return [process.execPath, inRoot('apps', 'worker', 'dist', 'main.js')];
  if (worker === 'python') return pythonKit(model, progress);
  throw new Problem(
    `--worker is "${worker}"; give typescript or python, or the --command that starts another.`,
  );
}

/** The example of the Python kit, with whatever runtime its environment asks for (BACKEND, DEVICE, BATCH). */
async function pythonKit(model: string, progress: Progress): Promise<readonly string[]> {
  const kit = inRoot('libs', 'sdk-python');
  const python = await pythonVenv({
    name: 'python-kit',
    locks: [path.join(kit, 'requirements.lock')],
    progress,
  });
  const example = `meridian_worker.examples.reference:${model === 'dream' ? 'Dream' : 'Gallery'}`;
  const env = ['env', `PYTHONPATH=${path.join(kit, 'src')}`, 'PYTHONDONTWRITEBYTECODE=1'];
  return [...env, python, '-m', 'meridian_worker', 'serve', example];
}

function positive(name: string, text: string, max: number): number {
  const value = Number(text);
  if (value > 0 && value <= max) return value;
  throw new Problem(`${name} is "${text}"; give a number above 0${max === Infinity ? '' : ` up to ${max}`}.`);
}

/** The slots that the worker registers when it is told none. */
async function ownMeasure(plan: Plan, mint: TokenMint): Promise<number> {
  const worker = await WorkerProcess.start({ ...plan, mint });
  try {
    return worker.slots;
  } finally {
    await worker.stop();
  }
}

async function resultOf(
  plan: Plan,
  points: readonly Point[],
  found: number,
  slots: number,
): Promise<BenchResult> {
  const best = points.find((point) => point.sessions === found && keepsPace(point));
  const gpu = await gpuName();
  const { model, worker, coreCount, cores, gpuPrice, utilisation } = plan;
  const full = gpuPrice / found;
  const barred = model === 'gallery' && worker === 'typescript' && coreCount === 1;
  const where = cores === undefined ? 'all cores shared with the players' : `${coreCount} core(s) of its own`;
  const title = `${model}, ${worker} worker, ${where}${gpu === undefined ? '' : `, ${gpu}`}`;
  if (plan.svg !== undefined) writeFileSync(plan.svg, curveSvg(points, title, DEADLINE_MS));
  return {
    bench: 'density',
    machine: `${machineText()}; ${title}`,
    figures: [
      {
        ...{ name: 'sessions_at_deadline', unit: 'sessions', value: found },
        ...(barred && { bar: { min: SESSIONS_MIN } }),
      },
      { name: 'slots_registered', unit: 'sessions', value: slots },
      ...(best === undefined ? [] : figuresAt(best)),
      ...(found === 0
        ? []
        : [
            { name: 'user_hour_full', unit: 'GBP', value: full },
            { name: 'user_hour_loaded', unit: 'GBP', value: full / utilisation },
          ]),
    ],
    notShown: [
      'the network and a gateway: players and worker share one machine',
      `several model versions, or clients that ask for large images: all frames are JPEG at the model's own size`,
    ],
    text: [
      '',
      curveTable(points),
      '',
      `  frame: due until handed to the transport, ms; late: after ${DEADLINE_MS} ms; arrivals: between two frames at a client, ms;`,
      `  fps: of the session with the fewest. Enough: late at most ${100 * LATE_SHARE_MAX} %, fps at least ${FPS_MIN}; a point that fails is measured again.`,
      `  user_hour_full = price / sessions = ${gpuPrice} / ${found}; user_hour_loaded = that / utilisation ${utilisation} (--gpu-price, --utilisation)`,
      ...(plan.svg === undefined ? [] : [`  curve: ${plan.svg}`]),
    ].join('\n'),
  };
}

function figuresAt(best: Point): readonly Figure[] {
  return [
    { name: 'frame_ms_p50', unit: 'ms', value: best.frameMsP50 },
    { name: 'frame_ms_p99', unit: 'ms', value: best.frameMsP99 },
    { name: 'late_share', unit: 'share', value: best.lateShare },
    { name: 'fps_min', unit: 'fps', value: best.fpsMin },
    { name: 'cpu_share', unit: '% of a core', value: best.cpuPercent },
    ...(best.gpuPercent === undefined ? [] : [{ name: 'gpu_share', unit: '%', value: best.gpuPercent }]),
    { name: 'frame_bytes', unit: 'bytes', value: best.bytesPerFrame },
  ];
}
