/**
 * Like `setInterval`, but the first time comes at random within the interval: of connections that were made at once, as
 * after the loss of a gateway, all would be pinged at once for ever, and frames would wait for hundreds of system calls.
 * Keeps no process alive. Answers with how to stop it.
 */
export function everyOutOfStep(intervalMs: number, tick: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setInterval(tick, intervalMs).unref();
    tick();
  }, Math.random() * intervalMs).unref();
  return () => clearTimeout(timer);
}
