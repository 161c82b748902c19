import { describe, expect, it } from '@jest/globals';
import { newTrace } from '@meridian/telemetry';
import type { Ticket } from '../token/admit.ts';
import { SessionMemory } from './session-memory.ts';

const ticket = (sessionId: string, epoch = 1): Ticket => ({
  clientKey: 'the-key-of-one-client',
  trace: newTrace(),
  place: {
    sessionToken: `token of epoch ${String(epoch)}`,
    claims: { sessionId, epoch, region: 'us-east', workerId: 'us-east-1', workerAddress: '127.0.0.1:1' },
  },
});

/** A stream that the worker let in, and that ended. */
const visit = (memory: SessionMemory, sessionId: string, atMs: number, checkpoint?: Buffer) => {
  const session = memory.enter(ticket(sessionId), atMs);
  session.clientKey = 'the-key-of-one-client';
  session.checkpoint = checkpoint;
  memory.leave(sessionId, atMs);
};

describe('SessionMemory', () => {
  it('leads a client with its first token to the newest place', () => {
    const memory = new SessionMemory();
    const first = memory.enter(ticket('ses_1'), 0);
    first.clientKey = 'the-key-of-one-client';
    first.place = ticket('ses_1', 3).place;
    memory.leave('ses_1', 0);
    expect(memory.enter(ticket('ses_1', 1), 1_000).place.claims.epoch).toBe(3);
  });

  it('believes a token of a higher epoch than it has seen', () => {
    const memory = new SessionMemory();
    visit(memory, 'ses_1', 0);
    expect(memory.enter(ticket('ses_1', 2), 1_000).place.claims.epoch).toBe(2);
  });

  it('forgets after a while, and keeps a session with a stream', () => {
    const memory = new SessionMemory({ ttlMs: 100 });
    visit(memory, 'ses_1', 0, Buffer.alloc(10));
    expect(memory.enter(ticket('ses_1'), 99).checkpoint?.length).toBe(10);
    expect(memory.enter(ticket('ses_1'), 10_000).checkpoint?.length).toBe(10);
    memory.leave('ses_1', 10_000);
    memory.leave('ses_1', 10_000);
    expect(memory.enter(ticket('ses_1'), 10_101).checkpoint).toBeUndefined();
  });

  it('keeps nothing of a session that is over, or that no worker let in', () => {
    const memory = new SessionMemory();
    memory.enter(ticket('ses_1'), 0).isOver = true;
    memory.leave('ses_1', 0);
    memory.enter(ticket('ses_2'), 0);
    memory.leave('ses_2', 0);
    expect(memory.idleSessions).toBe(0);
  });

  it('is bounded in sessions and in bytes, the oldest first', () => {
    const memory = new SessionMemory({ sessionsMax: 2, bytesMax: 100 });
    ['ses_1', 'ses_2', 'ses_3'].forEach((sessionId, at) => visit(memory, sessionId, at, Buffer.alloc(10)));
    expect(memory.idleSessions).toBe(2);
    visit(memory, 'ses_4', 3, Buffer.alloc(95));
    expect(memory.idleSessions).toBe(1);
    expect(memory.enter(ticket('ses_4'), 4).checkpoint?.length).toBe(95);
  });
});
