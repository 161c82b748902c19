// A model's thread that does what a state of the batch says, if one says anything else than to step.
import { parentPort } from 'node:worker_threads';
import { CLOSE, type StepOrder, type ThreadAnswer } from '../model/thread-messages.ts';

/** What a state of one byte says. */
const WAYS = ['step', 'fail', 'hang', 'die', 'eat'] as const;

const answer = (message: ThreadAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (order: StepOrder | typeof CLOSE) => {
  if (order === CLOSE) return process.exit();
  const { id, states } = order;
  switch (WAYS[Math.max(...states.map(([way = 0]) => way))]) {
    case 'fail':
      return answer({ kind: 'failed', id, message: 'it failed' });
    case 'hang':
      // As native code does: it cannot hear anything, and takes no core from the tests beside it.
      return void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    case 'die':
      return process.exit(1);
    case 'eat':
      for (const eaten: string[][] = []; ;) eaten.push(new Array<string>(1_000_000).fill('more'));
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
    rebuildMs: 0,
    stateType: 'uint8',
  },
  initialStates: [Uint8Array.of(0)],
});
