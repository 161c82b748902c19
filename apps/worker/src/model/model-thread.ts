// The model's own thread. A step blocks its thread for as long as it takes, or for ever; here it blocks nobody else.
import { loadModel, ModelError, type WorldModel } from '@meridian/world-model';
import { parentPort, workerData } from 'node:worker_threads';
import { CLOSE, type StepOrder, type ThreadAnswer, type ThreadStart } from './thread-messages.ts';

const port = parentPort;
if (port === null) throw new Error('The model thread is started by the worker, not by itself.');
const { modelDir, draws } = workerData as ThreadStart;

/** What is handed over is moved, not copied. */
const answer = (message: ThreadAnswer, handedOver: readonly Uint8Array[] = []): void =>
  port.postMessage(
    message,
    handedOver.map(({ buffer }) => buffer as ArrayBuffer),
  );

try {
  const model = await loadModel(modelDir);
  port.on('message', (order: StepOrder | typeof CLOSE) => {
    if (order === CLOSE) process.exit();
    void step(model, order);
  });
  const initialStates = draws.map((draw) => model.initialState(draw));
  answer({ kind: 'ready', description: model.description, initialStates });
} catch (error) {
  answer({
    kind: 'unusable',
    code: error instanceof ModelError ? error.code : undefined,
    message: textOf(error),
  });
}

async function step(model: WorldModel, { id, states, actions }: StepOrder): Promise<void> {
  try {
    const made = await model.step(states, actions);
    answer({ kind: 'stepped', id, ...made }, [...made.states, ...made.frames]);
  } catch (error) {
    answer({ kind: 'failed', id, message: textOf(error) });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
