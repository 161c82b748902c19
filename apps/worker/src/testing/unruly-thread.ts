// A model's thread that does what the first byte of the first state says.
import { parentPort } from 'node:worker_threads';
import { CLOSE, type StepOrder, type ThreadAnswer } from '../model/thread-messages.ts';

/** 0: steps; 1: fails; 2: never ends; 3: dies. */
const WAYS = ['step', 'fail', 'hang', 'die'] as const;

const answer = (message: ThreadAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (order: StepOrder | typeof CLOSE) => {
  if (order === CLOSE) return process.exit();
  const { id, states } = order;
  switch (WAYS[states[0]?.[0] ?? 0]) {
    case 'fail':
      return answer({ kind: 'failed', id, message: 'it failed' });
    case 'hang':
      // As native code does: it cannot hear anything, and takes no core from the tests beside it.
      return void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    case 'die':
      return process.exit(1);
    default:
      return answer({ kind: 'stepped', id, states: [...states], frames: [...states] });
  }
});

answer({
  kind: 'ready',
  description: {
    model: 'unruly',
    version: '1.0.0',
    frame: { width: 1, height: 1, channels: 3 },
    framesPerSecond: 25,
    actions: ['forward'],
    stateBytes: 1,
  },
  initialStates: [Uint8Array.of(0)],
});
