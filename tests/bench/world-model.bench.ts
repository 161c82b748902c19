// What the reference models show on held-out walks, and what a step costs. Python makes the figures from the ONNX files
// as they are shipped (libs/world-model/training/evaluate); the step is timed in this process too, as a worker runs it.
import {
  inRoot,
  machineText,
  mustRun,
  percentile,
  Problem,
  progressTo,
  pythonVenv,
  type BenchResult,
  type Figure,
  type Progress,
} from '@meridian/embedded';
import { loadModel } from '@meridian/world-model';
import { existsSync } from 'node:fs';
import path from 'node:path';

const MODELS = ['gallery', 'dream'] as const;
type Model = (typeof MODELS)[number];

export const options = {
  /** One of the models alone. */
  model: { type: 'string' },
  /** Where contact sheets and drift plots go. */
  pictures: { type: 'string' },
} as const;

const TRAINING = inRoot('libs', 'world-model', 'training');
const modelDir = (model: Model): string => inRoot('libs', 'world-model', 'models', model);

const BARS: Readonly<Record<string, NonNullable<Figure['bar']>>> = {
  ...Object.fromEntries([1, 8, 16, 32, 64].map((frames) => [`gallery_psnr_${frames}`, { min: 26 }])),
  gallery_psnr_128: { min: 25 },
  gallery_psnr_256: { min: 25 },
  gallery_sharpness_64: { min: 0.85, max: 1.1 },
  gallery_spin_psnr: { min: 25 },
  gallery_idle_identical: { min: 1 },
  gallery_psnr_3000_median: { min: 24.5 },
  gallery_step_ms_p95: { max: 5 },
  dream_gain_64_db: { min: 3 },
  dream_gain_256_db: { min: 3 },
  dream_sharpness_32: { min: 0.5 },
  dream_step_ms_p95: { max: 10 },
};

const NODE_STEPS = { warmUp: 50, timed: 400 };

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const models = chosen(values['model']);
  const pictures = path.resolve(
    typeof values['pictures'] === 'string' ? values['pictures'] : inRoot('.meridian', 'bench', 'world-model'),
  );
  const progress = progressTo(process.stderr);
  const locks = [path.join(TRAINING, 'requirements-evaluate.lock')];
  const python = await pythonVenv({ name: 'evaluate-venv', locks, progress });
  const figures: Figure[] = [];
  for (const model of models) figures.push(...(await figuresOf(model, python, pictures, progress)));
  return {
    bench: 'world-model',
    machine: machineText(),
    figures,
    notShown: [
      'any other place than the one these models were trained on',
      'more than one training seed',
      'a step while the worker encodes and streams (see ./meridian bench density)',
    ],
    text: `  contact sheets and drift plots: ${pictures}`,
  };
}

function chosen(model: unknown): readonly Model[] {
  if (model === undefined) return MODELS;
  const found = MODELS.filter((name) => name === model);
  if (found.length > 0) return found;
  throw new Problem(`There is no model "${String(model)}"; there are ${MODELS.join(', ')}.`);
}

async function figuresOf(
  model: Model,
  python: string,
  pictures: string,
  progress: Progress,
): Promise<readonly Figure[]> {
  const file = path.join(modelDir(model), `${model}.onnx`);
  if (!existsSync(file)) {
    progress.note(`${model} is not measured: there is no ${file}`);
    return [{ name: `${model}_onnx_files`, value: 0, unit: 'files', bar: { min: 1 } }];
  }
  const evaluated = await progress.step(`${model} walks its held-out walks`, () =>
    evaluate(python, file, pictures),
  );
  const stepped = await progress.step(`${model} steps in onnxruntime-node`, () => stepMs(model));
  return Object.entries({ ...evaluated, ...stepped }).map(([own, value]) => {
    // Each model is compared with copies on walks of its own.
    const name = model !== 'gallery' && own.startsWith('copy_') ? `${model}_${own}` : own;
    const bar = BARS[name];
    return { name, value, unit: unitOf(name), ...(bar && { bar }) };
  });
}

async function evaluate(
  python: string,
  file: string,
  pictures: string,
): Promise<Readonly<Record<string, number>>> {
  const args = ['-m', 'evaluate', '--model', file, '--pictures', pictures];
  const { stdout } = await mustRun('The models could not be evaluated:', python, args, { cwd: TRAINING });
  return (JSON.parse(stdout) as { figures: Record<string, number> }).figures;
}

/** Milliseconds of single steps of one session, as a worker takes them. */
async function stepMs(name: Model): Promise<Readonly<Record<string, number>>> {
  const model = await loadModel(modelDir(name));
  const action = Float32Array.from(model.description.actions, (_, i) => (i === 0 ? 0.7 : 0));
  const took: number[] = [];
  let state = model.initialState(0);
  for (let step = 0; step < NODE_STEPS.warmUp + NODE_STEPS.timed; step += 1) {
    const beganMs = performance.now();
    const { states } = await model.step([state], [action]);
    if (step >= NODE_STEPS.warmUp) took.push(performance.now() - beganMs);
    state = states[0] ?? state;
  }
  await model.close();
  return Object.fromEntries([50, 95].map((p) => [`${name}_step_node_ms_p${p}`, percentile(took, p / 100)]));
}

function unitOf(name: string): string {
  if (/_(psnr|db)(_|$)/.test(name)) return 'dB';
  if (/_ms(_|$)/.test(name)) return 'ms';
  return name.endsWith('_m') ? 'm' : '';
}
