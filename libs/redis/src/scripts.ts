// Scripts are plain .lua files in ../lua, which is the same folder seen from src/ and from dist/: no copying in the
// build, and an editor knows the language. Each is sent once per server and then called by its SHA-1.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';

export type RedisConnection = Redis | Cluster;

const readLua = (name: string): string =>
  readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');

export class Script {
  readonly #source: string;
  readonly #sha: string;

  /** `preludes` are put between what is common to all and the script itself. */
  constructor(name: string, ...preludes: readonly string[]) {
    this.#source = ['common', ...preludes, name].map(readLua).join('\n');
    this.#sha = createHash('sha1').update(this.#source).digest('hex');
  }

  async run(redis: RedisConnection, root: string, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, 1, root, ...args);
    } catch (error) {
      // A restarted server has lost its scripts.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(this.#source, 1, root, ...args);
    }
  }
}
