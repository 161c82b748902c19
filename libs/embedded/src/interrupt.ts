// Ctrl-C, SIGTERM and SIGHUP: whatever runs is ended in order, then this process exits. A second one ends it by force.

export interface Interruptible {
  /** Ends it in order. */
  readonly end: () => Promise<unknown>;
  /** Ends it at once. */
  readonly force: () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** 128 + SIGINT, as shells count. */
const INTERRUPTED = 130;

const running = new Set<Interruptible>();
let exitCode = INTERRUPTED;
let interrupted = false;

/** Until the answer is called, a signal ends `it` before this process. */
export function onInterrupt(it: Interruptible): () => void {
  if (running.size === 0) for (const signal of SIGNALS) process.on(signal, interrupt);
  running.add(it);
  return () => {
    running.delete(it);
    if (running.size === 0 && !interrupted) for (const signal of SIGNALS) process.off(signal, interrupt);
  };
}

/** For a command that runs until it is told to stop, and has done its work then. */
export function expectInterrupt(): void {
  exitCode = 0;
}

/** From the first signal on, the exit is near and nobody else should exit or complain. */
export const isInterrupted = (): boolean => interrupted;

function interrupt(): void {
  if (interrupted) {
    for (const it of running) it.force();
    process.exit(1);
  }
  interrupted = true;
  void Promise.allSettled([...running].map((it) => it.end())).then(() => process.exit(exitCode));
}
