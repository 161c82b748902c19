import { History, type HistoryOptions } from './history.ts';
import { checkAlways, checkAtRest, checkNothingLost, InvariantBroken } from './invariants.ts';

export interface Replay {
  /** What happened, a line each. */
  readonly timeline: readonly string[];
  /** The invariant that did not hold, in a sentence; undefined: all did. */
  readonly broken: string | undefined;
}

/** Runs one history and checks it; the same options give the same one. */
export async function replayHistory(options: HistoryOptions): Promise<Replay> {
  const history = new History(options);
  try {
    await history.begin();
    for (let step = 0; step < options.steps; step += 1) {
      await history.step();
      checkAlways(history);
    }
    await history.settle();
    await checkAtRest(history);
    if (!options.crashes) checkNothingLost(history);
    return { timeline: history.timeline, broken: undefined };
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    return { timeline: history.timeline, broken: error.message };
  }
}

/** How to see a history again. */
export const replayCommand = ({ seed, steps, crashes }: HistoryOptions): string =>
  `./meridian simulate --replay ${seed} --steps ${steps}${crashes ? '' : ' --calm'}`;
