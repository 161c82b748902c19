import { describe, expect, it } from '@jest/globals';
import type { RegionId } from '@meridian/domain';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { RegionRedises } from './regions.ts';
import type { RedisConnection } from './scripts.ts';

const REGION = 'us-east' as RegionId;

/** A connection whose stream notes what leaves together. */
const given = () => {
  const writes: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => done(void writes.push(String(chunk))),
    writev: (chunks, done) => done(void writes.push(chunks.map(({ chunk }) => String(chunk)).join(''))),
  });
  const connection = Object.assign(new EventEmitter(), { status: 'ready', stream });
  const redises = new RegionRedises([
    { region: REGION, jurisdiction: 'us', connection: connection as unknown as RedisConnection },
  ]);
  const send = (command: string) => redises.call(REGION, async () => stream.write(command));
  return { writes, send };
};

describe('RegionRedises', () => {
  it('writes the commands of one turn together', async () => {
    const { writes, send } = given();
    await Promise.resolve().then(() => Promise.all(['a', 'b', 'c'].map(send)));
    await new Promise(setImmediate);
    expect(writes).toEqual(['abc']);
  });

  it('keeps no command for a later turn', async () => {
    const { writes, send } = given();
    for (const command of ['a', 'b']) {
      await send(command);
      await new Promise(setImmediate);
    }
    expect(writes).toEqual(['a', 'b']);
  });
});
