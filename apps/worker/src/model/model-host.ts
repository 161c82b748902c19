// H1. A step that takes longer than `stepMsMax` is given up: its thread is left alone and another one loads the model.
//     The states are the caller's, so no session loses more than that step.
// H2. A thread is never terminated: native code cannot be interrupted, and ONNX Runtime, on its way back from a step
//     into a thread that was, ends the whole process. It is told to close, which it hears when its step has ended.
// H3. When the model cannot be loaded again the host is unusable for good, and every step rejects at once.
import { ModelError, stateFault, type ModelDescription, type StepResult } from '@meridian/world-model';
import { Worker } from 'node:worker_threads';
import type { SteppingModel } from '../engine/ports.ts';
import { CLOSE, type StepOrder, type ThreadAnswer, type ThreadStart } from './thread-messages.ts';

export interface ModelHostOptions {
  readonly modelDir: string;
  readonly stepMsMax: number;
  readonly loadMsMax: number;
  /** JavaScript memory of the thread, in MiB: running out of it costs the thread, and not the process. */
  readonly heapMbMax?: number;
  /** The thread's module; another one in tests. */
  readonly entry?: URL;
}

/** A model's weights are not in it: ONNX Runtime keeps its own. */
const HEAP_MB_MAX = 512;
const DRAWS = Array.from({ length: 16 }, (_, i) => i / 16);
const FROM_SOURCE = import.meta.url.endsWith('.ts');
const ENTRY = new URL(FROM_SOURCE ? './model-thread.ts' : './model-thread.js', import.meta.url);

interface Ready {
  readonly thread: Worker;
  readonly description: ModelDescription;
  readonly initialStates: readonly Uint8Array[];
}

export class ModelHost implements SteppingModel {
  readonly description: ModelDescription;
  readonly #options: ModelHostOptions;
  readonly #initialStates: readonly Uint8Array[];
  #ready: Promise<Ready>;
  #stepId = 0;
  #usable = true;
  #stuckThreads = 0;

  private constructor(options: ModelHostOptions, ready: Ready) {
    this.#options = options;
    this.description = ready.description;
    this.#initialStates = ready.initialStates;
    this.#ready = Promise.resolve(ready);
  }

  /** @throws ModelError when the model in `modelDir` cannot be loaded. */
  static async start(options: ModelHostOptions): Promise<ModelHost> {
    return new ModelHost(options, await startThread(options));
  }

  get usable(): boolean {
    return this.#usable;
  }

  initialState(draw: number): Uint8Array {
    const state = this.#initialStates[Math.floor(draw * this.#initialStates.length)];
    return Uint8Array.from(state ?? []);
  }

  stateFault(state: Uint8Array): string | undefined {
    return stateFault(this.description, state);
  }

  async step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult> {
    const { thread } = await this.#ready;
    this.#stepId += 1;
    const outcome = await order(thread, { id: this.#stepId, states, actions }, this.#options.stepMsMax);
    if (outcome.kind === 'stepped') return outcome;
    if (outcome.kind === 'failed') throw new ModelError('step-failed', outcome.message);
    this.#replace(thread);
    throw new ModelError('step-failed', outcome.message);
  }

  /** Nobody waits for a thread that native code holds: it ends with the process. */
  async close(): Promise<void> {
    this.#usable = false;
    if (this.#stuckThreads > 0) return;
    const { thread } = await this.#ready;
    await retire(thread);
  }

  #replace(thread: Worker): void {
    this.#stuckThreads += 1;
    thread.unref();
    void retire(thread).then(() => {
      this.#stuckThreads -= 1;
    });
    this.#ready = startThread(this.#options);
    this.#ready.catch(() => {
      this.#usable = false;
    });
  }
}

/** Resolves when the thread has ended, which may be never. */
function retire(thread: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (thread.threadId === -1) resolve();
    else thread.once('exit', () => resolve());
  });
  thread.postMessage(CLOSE);
  return ended;
}

type Outcome =
  Extract<ThreadAnswer, { kind: 'stepped' | 'failed' }> | { readonly kind: 'lost'; readonly message: string };

function order(thread: Worker, step: StepOrder, msMax: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve(outcome);
    };
    const lost = (message: string): void => settle({ kind: 'lost', message });
    const onMessage = (answer: ThreadAnswer): void => {
      if ((answer.kind === 'stepped' || answer.kind === 'failed') && answer.id === step.id) settle(answer);
    };
    const onError = (error: Error): void => lost(`The model's thread died: ${error.message}`);
    const onExit = (): void => lost("The model's thread ended.");
    const timer = setTimeout(() => lost(`The step did not end within ${msMax} ms.`), msMax);
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.postMessage(step);
  });
}

function startThread({
  modelDir,
  loadMsMax,
  heapMbMax = HEAP_MB_MAX,
  entry = ENTRY,
}: ModelHostOptions): Promise<Ready> {
  const workerData: ThreadStart = { modelDir, draws: DRAWS };
  const thread = new Worker(entry, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    ...(FROM_SOURCE && { execArgv: ['--conditions=@meridian/source'] }),
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: ModelError): void => {
      clearTimeout(timer);
      thread.off('message', onMessage).off('exit', onExit);
      thread.unref();
      void retire(thread);
      reject(error);
    };
    const onMessage = (answer: ThreadAnswer): void => {
      if (answer.kind === 'unusable') refuse(new ModelError(answer.code ?? 'corrupt', answer.message));
      if (answer.kind !== 'ready') return;
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', refuseDead).off('exit', onExit);
      // An error between two steps is told to the next one by the exit that follows it.
      thread.on('error', () => undefined);
      resolve({ thread, description: answer.description, initialStates: answer.initialStates });
    };
    const refuseDead = (error: Error): void => refuse(new ModelError('step-failed', error.message, error));
    const onExit = (): void =>
      refuse(new ModelError('step-failed', "The model's thread ended while it loaded."));
    const timer = setTimeout(
      () => refuse(new ModelError('step-failed', `The model did not load within ${loadMsMax} ms.`)),
      loadMsMax,
    );
    thread.on('message', onMessage).on('error', refuseDead).on('exit', onExit);
  });
}
