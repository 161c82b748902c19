import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { initialStates, partsOf, readAnchors, type Anchor } from './anchors.ts';
import { parseManifest, type ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import { OnnxModel } from './onnx-model.ts';
import { Reanchor } from './reanchor.ts';
import { ReanchoredModel } from './reanchored-model.ts';
import { checkSignature } from './signature.ts';
import type { WorldModel } from './world-model.ts';

/** One thread a worker: sessions share a core fairly, and four workers fit two cores. Spinning would burn an idle core. */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/** A file is read whole and then copied by the runtime; a larger model wants a GPU and the Python kit. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

/**
 * The model in `dir`: `model.json` and the files it names.
 *
 * @throws ModelError with a code for each way in which a file can be wrong.
 */
export async function loadModel(dir: string): Promise<WorldModel> {
  const manifestPath = join(dir, 'model.json');
  const manifest = parseManifest((await read(manifestPath)).toString('utf8'), manifestPath);
  const path = join(dir, manifest.file);
  const session = await createSession(path, await readVerified(path, manifest.sha256));
  checkSignature(session, manifest);
  const anchors = await loadAnchors(dir, manifest);
  const plain = new OnnxModel(session, manifest, initialStates(manifest, anchors));
  const { reanchor, frame } = manifest;
  const model = reanchor ? new ReanchoredModel(plain, new Reanchor(reanchor, frame, anchors)) : plain;
  await tryOnce(model, manifest.actions.length);
  return model;
}

async function loadAnchors(dir: string, { anchors, frame, state }: ModelManifest): Promise<Anchor[]> {
  if (anchors === undefined) return [];
  const path = join(dir, anchors.file);
  const bytes = await readVerified(path, anchors.sha256);
  const size = { frame: frame.width * frame.height * frame.channels, rest: partsOf(state).rest };
  return readAnchors(bytes, path, anchors.count, size);
}

/** Shows the sides that the file leaves open, and warms the runtime up; a batch of two, as a batch of one hides mistakes. */
async function tryOnce(model: WorldModel, inputs: number): Promise<void> {
  const state = model.initialState(0);
  const still = new Float32Array(inputs);
  await model.step([state, state], [still, still]);
}

async function readVerified(path: string, sha256: string): Promise<Buffer> {
  const bytes = await read(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest === sha256) return bytes;
  throw new ModelError(
    'digest-mismatch',
    `${path} (${bytes.length} bytes) is not the file of its manifest: sha256 ${digest}, expected ${sha256}; it was truncated or replaced.`,
  );
}

async function read(path: string): Promise<Buffer> {
  const bytes = await readable(path, async () => (await stat(path)).size);
  if (bytes <= FILE_BYTES_MAX) return readable(path, () => readFile(path));
  throw new ModelError(
    'too-large',
    `${path} has ${bytes} bytes; this worker loads at most ${FILE_BYTES_MAX}.`,
  );
}

async function readable<T>(path: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
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
