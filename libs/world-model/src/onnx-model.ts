import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { stateLength, type ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import type { ModelDescription, StepResult, WorldModel } from './world-model.ts';

/** A model behind the ONNX step contract: (state, action) -> (next_state, frame), batch first. */
export class OnnxModel implements WorldModel {
  readonly description: ModelDescription;
  readonly #session: InferenceSession;
  readonly #manifest: ModelManifest;
  readonly #initialStates: readonly Uint8Array[];

  /** @param initialStates that sessions begin in; at least one. */
  constructor(session: InferenceSession, manifest: ModelManifest, initialStates: readonly Uint8Array[]) {
    this.#session = session;
    this.#initialStates = initialStates;
    this.#manifest = manifest;
    this.description = {
      model: manifest.model,
      version: manifest.version,
      frame: manifest.frame,
      framesPerSecond: manifest.fps,
      actions: manifest.actions,
      stateBytes: manifest.state.bytes,
      rebuildMs: manifest.rebuildMs,
      stateType: manifest.state.dtype,
    };
  }

  initialState(draw: number): Uint8Array {
    const state = this.#initialStates[Math.floor(draw * this.#initialStates.length)];
    return new Uint8Array(state ?? []);
  }

  async step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult> {
    const feeds = { state: this.#stateTensor(states), action: this.#actionTensor(states.length, actions) };
    const outputs = await this.#run(feeds);
    const { state, frame } = this.#manifest;
    const nextState = dataOf(outputs, 'next_state', [states.length, ...state.shape]);
    const frames = dataOf(outputs, 'frame', [states.length, frame.height, frame.width, frame.channels]);
    if (nextState instanceof Float32Array && !nextState.every(Number.isFinite)) {
      throw new ModelError('step-failed', 'The model answered with a state that is not finite.');
    }
    return {
      states: rows(bytesOf(nextState), states.length),
      frames: rows(bytesOf(frames), states.length),
    };
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  async #run(feeds: InferenceSession.FeedsType): Promise<InferenceSession.ReturnType> {
    try {
      return await this.#session.run(feeds);
    } catch (cause) {
      throw new ModelError('step-failed', cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #stateTensor(states: readonly Uint8Array[]): Tensor {
    const { dtype, shape, bytes } = this.#manifest.state;
    const packed = new Uint8Array(states.length * bytes);
    states.forEach((state, i) => {
      if (state.length !== bytes) {
        throw new ModelError('bad-state', `A state has ${state.length} bytes, not ${bytes}.`);
      }
      packed.set(state, i * bytes);
    });
    const dims = [states.length, ...shape];
    return dtype === 'uint8'
      ? new Tensor('uint8', packed, dims)
      : new Tensor('float32', new Float32Array(packed.buffer, 0, states.length * stateLength(shape)), dims);
  }

  #actionTensor(batch: number, actions: readonly Float32Array[]): Tensor {
    const width = this.#manifest.actions.length;
    const packed = new Float32Array(batch * width);
    if (actions.length !== batch) {
      throw new ModelError('bad-action', `${actions.length} actions for ${batch} states.`);
    }
    actions.forEach((action, i) => {
      if (action.length !== width) {
        throw new ModelError('bad-action', `An action has ${action.length} values, not ${width}.`);
      }
      packed.set(action, i * width);
    });
    return new Tensor('float32', packed, [batch, width]);
  }
}

/** A file may leave the sides of its outputs open; what it answers with may not differ. */
function dataOf(
  outputs: InferenceSession.ReturnType,
  name: string,
  dims: readonly number[],
): Float32Array | Uint8Array {
  const { data, dims: actual = [] } = outputs[name] ?? {};
  if (actual.join() !== dims.join() || !(data instanceof Float32Array || data instanceof Uint8Array)) {
    throw new ModelError(
      'signature-mismatch',
      `The model answered with ${name}[${actual.join()}], not [${dims.join()}].`,
    );
  }
  return data;
}

/** The same memory as bytes. */
function bytesOf(values: Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Equal parts of one buffer, copied: a state that outlives its step must not keep the whole batch alive. */
function rows(bytes: Uint8Array, count: number): Uint8Array[] {
  const size = bytes.length / count;
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}
