// A model's thread that does what the first byte of the first state says.
import { parentPort } from 'node:worker_threads';
import type { StepOrder, ThreadAnswer } from '../model/thread-messages.ts';

/** 0: steps; 1: fails; 2: never ends; 3: dies. */
const WAYS = ['step', 'fail', 'hang', 'die'] as const;

const answer = (message: ThreadAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', ({ id, states }: StepOrder) => {
  switch (WAYS[states[0]?.[0] ?? 0]) {
    case 'fail':
      return answer({ kind: 'failed', id, message: 'it failed' });
    case 'hang':
      for (;;);
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
