// One session after the other on an otherwise idle system: how soon it plays, and how quickly actions show.

import { Meridian } from '@meridian/sdk';
import {
  machineText,
  percentile,
  playFor,
  progressTo,
  seededDraw,
  startThrowAway,
  type BenchResult,
  type Figure,
  type Played,
} from '@meridian/embedded';

const SESSIONS = 5;
const PLAY_MS = 6_000;

export async function run(): Promise<BenchResult> {
  const progress = progressTo(process.stderr);
  const system = await startThrowAway({ progress, build: false });
  try {
    const meridian = new Meridian({ baseUrl: system.url, apiKey: system.secrets.playKey });
    const [model] = await meridian.listModels();
    const rounds: Played[] = [];
    for (let round = 1; round <= SESSIONS; round += 1) {
      const session = await meridian.open({ model: model?.model ?? 'gallery' });
      rounds.push(
        await progress.step(`session ${round}`, () => playFor(session, PLAY_MS, seededDraw(round))),
      );
    }
    return {
      bench: 'session',
      machine: machineText(),
      figures: [
        over(rounds, 'open to first frame', 'ms', (each) => each.firstFrameMs),
        over(rounds, 'frames received per second', 'fps', (each) => each.fps),
        over(rounds, 'action to frame, p50', 'ms', (each) => each.actionToFrameMsP50),
        over(rounds, 'action to frame, p95', 'ms', (each) => each.actionToFrameMsP95),
      ],
      notShown: [
        'the network: client, gateway and worker share one machine',
        'several sessions at once',
        'drawing the frame on a screen',
      ],
    };
  } finally {
    await system.remove();
  }
}

/** The median of the sessions, with the least and the greatest. */
function over(rounds: readonly Played[], name: string, unit: string, of: (played: Played) => number): Figure {
  const values = rounds.map(of);
  return { name, unit, value: percentile(values, 0.5), spread: [Math.min(...values), Math.max(...values)] };
}
