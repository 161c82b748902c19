import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { parseManifest, type ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import { OnnxModel } from './onnx-model.ts';
import { checkSignature } from './signature.ts';
import type { WorldModel } from './world-model.ts';

/** One thread a worker: sessions share a core fairly, and four workers fit two cores. Spinning would burn an idle core. */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/**
 * The model in `dir`: `model.json` and the ONNX file it names.
 *
 * @throws ModelError with a code for each way in which a file can be wrong.
 */
export async function loadModel(dir: string): Promise<WorldModel> {
  const manifestPath = join(dir, 'model.json');
  const manifest = parseManifest((await read(manifestPath)).toString('utf8'), manifestPath);
  const path = join(dir, manifest.file);
  const session = await createSession(path, await readVerified(path, manifest));
  checkSignature(session, manifest);
  const model = new OnnxModel(session, manifest);
  await tryOnce(model, manifest.actions.length);
  return model;
}

/** Shows the sides that the file leaves open, and warms the runtime up; a batch of two, as a batch of one hides mistakes. */
async function tryOnce(model: WorldModel, inputs: number): Promise<void> {
  const state = model.initialState(0);
  const still = new Float32Array(inputs);
  await model.step([state, state], [still, still]);
}

async function readVerified(path: string, manifest: ModelManifest): Promise<Buffer> {
  const bytes = await read(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest === manifest.sha256) return bytes;
  throw new ModelError(
    'digest-mismatch',
    `${path} (${bytes.length} bytes) is not the file of its manifest: sha256 ${digest}, expected ${manifest.sha256}; it was truncated or replaced.`,
  );
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ModelError('missing', `${path} cannot be read (${errorText(cause)}).`, cause);
  }
}

async function createSession(path: string, bytes: Buffer): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, OPTIONS);
  } catch (cause) {
    throw refusalOf(path, cause);
  }
}

/** ONNX Runtime gives no error codes through its JavaScript door; its words are all there is to tell by. */
function refusalOf(path: string, cause: unknown): ModelError {
  const text = errorText(cause);
  if (/protobuf|parse|flatbuffer|INVALID_PROTOBUF/i.test(text)) {
    return new ModelError('corrupt', `${path} is not an ONNX model.`, cause);
  }
  if (/opset|ir_version|IR version|not a registered function|implementation/i.test(text)) {
    return new ModelError(
      'unsupported',
      `${path} needs what this ONNX Runtime does not have: ${text}`,
      cause,
    );
  }
  return new ModelError('corrupt', `${path} cannot be loaded: ${text}`, cause);
}

function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
