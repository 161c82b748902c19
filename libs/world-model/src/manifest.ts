import { z } from 'zod';
import { ModelError } from './model-error.ts';

const positive = z.int().positive();

const manifestSchema = z
  .object({
    model: z.string().min(1).max(64),
    version: z.string().min(1).max(32),
    kind: z.string().min(1),
    /** The ONNX file, a plain name beside the manifest. */
    file: z.string().regex(/^[A-Za-z0-9._-]+\.onnx$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    fps: positive.max(240),
    frame: z.object({ width: positive, height: positive, channels: z.literal(3) }),
    actions: z.array(z.string().min(1)).min(1),
    state: z.object({
      dtype: z.enum(['float32', 'uint8']),
      shape: z.array(positive).min(1),
      bytes: positive.max(16 * 1024 * 1024),
    }),
    /** One or more states to begin in, each of `state.shape` flattened. */
    initialStates: z.array(z.array(z.number())).min(1),
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
    manifest.initialStates.forEach((state, i) => {
      if (state.length === values) return;
      context.addIssue({
        code: 'custom',
        path: ['initialStates', i],
        message: `has ${state.length} values, not ${values}`,
      });
    });
  });

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
