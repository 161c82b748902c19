import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Message } from '../sessions/session-events.ts';
import { sendEventStream } from './event-stream.ts';

/** Lets everything run that waits for nothing outside. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

describe('sendEventStream', () => {
  // More than a response buffers before it asks to wait.
  const large: Message = { id: 1, event: 'active', data: { text: 'x'.repeat(100_000) } };

  function follow() {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const abort = new AbortController();
    const state = { taken: 0, freed: false };
    async function* messages() {
      try {
        for (;;) {
          state.taken += 1;
          yield large;
        }
      } finally {
        state.freed = true;
      }
    }
    return { response, abort, state, sent: sendEventStream(response, {}, abort, messages()) };
  }

  it('takes no further message while a slow client has not read the one before', async () => {
    const { response, state, abort, sent } = follow();
    await settle();
    expect(state.taken).toBe(1);
    response.emit('drain');
    await settle();
    expect(state.taken).toBe(2);
    abort.abort();
    await sent;
  });

  it('frees everything when the client goes away while it waits', async () => {
    const { response, abort, state, sent } = follow();
    await settle();
    response.emit('close');
    await sent;
    expect([abort.signal.aborted, state.freed, response.destroyed]).toEqual([true, true, true]);
  });
});
