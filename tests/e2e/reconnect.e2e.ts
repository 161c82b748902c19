import { describe, expect, it } from '@jest/globals';
import { PlayResponse } from '@meridian/protocol';
import type { Session } from '@meridian/sdk';
import { client, modelName, newTenant, request, shared, until } from './support/system.ts';
import { connectionOf, openStream, protocols, type RawStream } from './support/stream.ts';

/** Reads frames' numbers until `count` are seen. */
function frameNumbers({ socket }: RawStream, count: number): Promise<number[]> {
  const numbers: number[] = [];
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const { message } = PlayResponse.decode(data as Buffer);
      if (message?.$case === 'frame') numbers.push(message.value.number);
      if (numbers.length >= count) resolve(numbers);
    });
  });
}

describe('a client that comes back within the hold time', () => {
  it('goes on with the same worker and the next frame', async () => {
    const target = shared();
    const apiKey = await newTenant(target, 'reconnect');
    const meridian = client(target, apiKey);
    const body = { model: await modelName(meridian) };
    const opened = await request<Session>(target, apiKey, 'POST', '/v1/sessions', body);
    const { streamUrl, token } = connectionOf(opened.body);

    const first = await openStream(streamUrl, protocols(token));
    const before = await frameNumbers(first, 25);
    first.socket.terminate();
    await until(
      'the session to be held',
      5_000,
      async () => (await meridian.getSession(opened.body.id)).state === 'held',
    );

    const second = await openStream(streamUrl, protocols(token));
    const after = await frameNumbers(second, 10);
    const [lastBefore = 0, firstAfter = 0] = [before.at(-1), after[0]];
    expect(firstAfter).toBeGreaterThan(lastBefore);
    // What was on its way when the line broke is lost; a held session is not stepped.
    expect(firstAfter).toBeLessThanOrEqual(lastBefore + 10);
    const record = await until('the session to be active', 5_000, async () => {
      const session = await meridian.getSession(opened.body.id);
      return session.state === 'active' && session;
    });
    expect(record.placement?.workerId).toBe(opened.body.placement?.workerId);
    expect(record.epoch).toBe(opened.body.epoch);
    second.socket.close();
    await meridian.endSession(opened.body.id);
  });
});
