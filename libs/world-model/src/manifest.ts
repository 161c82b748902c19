import { z } from 'zod';
import { partsOf, type StateSize } from './anchors.ts';
import { ModelError } from './model-error.ts';
import { BLOCK_PIXELS } from './reanchor.ts';

const positive = z.int().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** What a number of 16 bits holds. */
const FRAMES_MAX = 65_535;
const REBUILD_MS_MAX = 600_000;

const manifestSchema = z
  .object({
    model: z.string().min(1).max(64),
    version: z.string().min(1).max(32),
    kind: z.string().min(1),
    /** The ONNX file, a plain name beside the manifest. */
    file: z.string().regex(/^[A-Za-z0-9._-]+\.onnx$/),
    sha256,
    fps: positive.max(240),
    frame: z.object({ width: positive, height: positive, channels: z.literal(3) }),
    actions: z.array(z.string().min(1)).min(1),
    state: z.object({
      dtype: z.enum(['float32', 'uint8']),
      shape: z.array(positive).min(1),
      bytes: positive.max(16 * 1024 * 1024),
      /** What lies where in it, from the first byte to the last. Where there are anchors, the first part is its frames. */
      layout: z
        .array(z.object({ name: z.string().min(1), bytes: positive, meaning: z.string().min(1) }))
        .min(1)
        .optional(),
    }),
    /** How long a worker takes to build up what is not in the state, from a checkpoint on. */
    rebuildMs: z.int().min(0).max(REBUILD_MS_MAX).default(0),
    /** States to begin in, each of `state.shape` flattened; left out when there are anchors. */
    initialStates: z.array(z.array(z.number())).min(1).optional(),
    /**
     * True frames of the place, raw, each followed by what the state holds behind its frames; one after the other. A session
     * begins in one of the first `initial`.
     */
    anchors: z
      .object({
        file: z.string().regex(/^[A-Za-z0-9._-]+\.bin$/),
        sha256,
        count: positive,
        initial: positive,
      })
      .optional(),
    /** How a session that drifts is pulled back to an anchor (reanchor.ts). */
    reanchor: z
      .object({
        minSharpness: z.number().positive(),
        patienceFrames: positive.max(FRAMES_MAX),
        cooldownFrames: positive.max(FRAMES_MAX),
        fadeFrames: positive.max(FRAMES_MAX),
      })
      .optional(),
  })
  .superRefine((manifest, context) => {
    const values = stateLength(manifest.state.shape);
    const bytes = values * (manifest.state.dtype === 'float32' ? 4 : 1);
    if (bytes !== manifest.state.bytes) {
      context.addIssue({
        code: 'custom',
        path: ['state', 'bytes'],
        message: `shape and dtype make ${bytes}`,
      });
    }
    const laid = manifest.state.layout?.reduce((sum, part) => sum + part.bytes, 0) ?? bytes;
    if (laid !== bytes) {
      context.addIssue({ code: 'custom', path: ['state', 'layout'], message: `its parts make ${laid}` });
    }
    manifest.initialStates?.forEach((state, i) => {
      if (state.length === values) return;
      context.addIssue({
        code: 'custom',
        path: ['initialStates', i],
        message: `has ${state.length} values, not ${values}`,
      });
    });
    const fault = anchorFault(manifest);
    if (fault !== undefined) context.addIssue({ code: 'custom', ...fault });
  });

interface Anchored {
  readonly state: StateSize & { readonly dtype: string };
  readonly frame: { readonly width: number; readonly height: number; readonly channels: number };
  readonly initialStates?: readonly unknown[] | undefined;
  readonly anchors?: { readonly count: number; readonly initial: number } | undefined;
  readonly reanchor?: object | undefined;
}

function anchorFault({ state, frame, initialStates, anchors, reanchor }: Anchored) {
  if ((initialStates === undefined) === (anchors === undefined)) {
    return { path: ['initialStates'], message: 'is there when anchors are not, and only then' };
  }
  if (anchors === undefined) {
    return reanchor && { path: ['reanchor'], message: 'needs anchors to pull a session back to' };
  }
  if (anchors.initial > anchors.count) {
    return { path: ['anchors', 'initial'], message: `is at most the ${anchors.count} there are` };
  }
  const { width, height, channels } = frame;
  if (state.dtype !== 'uint8' || partsOf(state).frames % (width * height * channels) !== 0) {
    return { path: ['state'], message: 'begins with whole frames of uint8 where there are anchors' };
  }
  const cut = width % BLOCK_PIXELS !== 0 || height % BLOCK_PIXELS !== 0;
  return reanchor && cut
    ? { path: ['frame'], message: `has sides that are multiples of ${BLOCK_PIXELS} where there is reanchor` }
    : undefined;
}

/** `model.json`: what a model file is called, holds and expects. */
export type ModelManifest = z.infer<typeof manifestSchema>;

/** Values in a state of this shape. */
export function stateLength(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** @throws ModelError `bad-manifest` naming the first field that is wrong. */
export function parseManifest(text: string, path: string): ModelManifest {
  const parsed = manifestSchema.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ModelError('bad-manifest', `${path}: ${issue?.path.join('.')}: ${issue?.message}.`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError('bad-manifest', `${path} is not JSON.`, cause);
  }
}
