/** Lines that show how far a command is, each with the seconds since it started. */
export interface Progress {
  note(text: string): void;
  /** Notes `label` when the work is done, with the time that it took. */
  step<T>(label: string, work: () => Promise<T>): Promise<T>;
  elapsedMs(): number;
}

export function progressTo(stream: NodeJS.WritableStream): Progress {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const note = (text: string) => {
    stream.write(`[${seconds(elapsedMs()).padStart(7)}] ${text}\n`);
  };
  const step = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const beganMs = performance.now();
    const result = await work();
    note(`${label} (${seconds(performance.now() - beganMs)})`);
    return result;
  };
  return { note, step, elapsedMs };
}

export const silent: Progress = { note: () => undefined, step: (_label, work) => work(), elapsedMs: () => 0 };

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
