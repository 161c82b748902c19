import { percentile } from '@meridian/embedded';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PlayersAnswer, PlayersOrder, Seen } from './players.ts';

/** One process keeps up with about this many. */
const PLAYERS_PER_PROCESS = 100;
const ENTRY = fileURLToPath(new URL('players.ts', import.meta.url));

/** Any number of players, in as many processes as they need. */
export class Crowd {
  readonly #processes: readonly ChildProcess[];

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes;
  }

  static async play(port: number, tokens: readonly string[]): Promise<Crowd> {
    const count = Math.ceil(tokens.length / PLAYERS_PER_PROCESS);
    const crowd = new Crowd(Array.from({ length: count }, () => fork(ENTRY)));
    await Promise.all(
      crowd.#processes.map((child, i) => {
        const own = tokens.filter((_, token) => token % count === i);
        return ask(child, { kind: 'open', port, tokens: own });
      }),
    ).catch((error: unknown) => {
      crowd.kill();
      throw error;
    });
    return crowd;
  }

  get pids(): readonly number[] {
    return this.#processes.flatMap(({ pid }) => pid ?? []);
  }

  async watch(ms: number): Promise<Seen> {
    const answers = await Promise.all(this.#processes.map((child) => ask(child, { kind: 'watch', ms })));
    const seen = answers.flatMap((answer) => (answer.kind === 'seen' ? answer.seen : []));
    return {
      frames: seen.flatMap(({ frames }) => frames),
      gapMsP50: percentile(
        seen.map(({ gapMsP50 }) => gapMsP50),
        0.5,
      ),
      gapMsP99: Math.max(...seen.map(({ gapMsP99 }) => gapMsP99)),
      bytesPerFrame: seen.reduce((sum, { bytesPerFrame }) => sum + bytesPerFrame, 0) / seen.length,
    };
  }

  async close(): Promise<void> {
    try {
      await Promise.all(this.#processes.map((child) => ask(child, { kind: 'close' })));
    } finally {
      this.kill();
    }
  }

  kill(): void {
    this.#processes.forEach((child) => child.kill());
  }
}

async function ask(child: ChildProcess, order: PlayersOrder): Promise<PlayersAnswer> {
  const answered = once(child, 'message');
  const gone = once(child, 'exit').then(() => {
    throw new Error('the players went away');
  });
  gone.catch(() => undefined);
  child.send(order);
  const [answer] = (await Promise.race([answered, gone])) as [PlayersAnswer];
  if (answer.kind === 'failed') throw new Error(answer.message);
  return answer;
}
