import { describe, expect, it } from '@jest/globals';
import { newTrace } from '@meridian/telemetry';
import { claimsOf } from '../testing/claims.ts';
import type { Ticket } from '../token/admit.ts';
import { SessionMemory } from './session-memory.ts';

const ticket = (sessionId: string, epoch = 1): Ticket => ({
  clientKey: 'the-key-of-one-client',
  nextFrame: 0,
  trace: newTrace(),
  place: {
    sessionToken: `token of epoch ${String(epoch)}`,
    claims: claimsOf(sessionId, epoch),
  },
});

/** A stream that the worker let in, and that ended. */
const visit = (memory: SessionMemory, sessionId: string, atMs: number, checkpoint?: Buffer) => {
  const session = memory.enter(ticket(sessionId), atMs);
  session.clientKey = 'the-key-of-one-client';
  if (checkpoint) memory.keep(session, checkpoint);
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

  it('takes the newer token of the same epoch: the older one may have expired', () => {
    const memory = new SessionMemory();
    visit(memory, 'ses_1', 0);
    const { place } = ticket('ses_1');
    const renewed = { ...ticket('ses_1'), place: { ...place, sessionToken: 'renewed' } };
    expect(memory.enter(renewed, 1_000).place.sessionToken).toBe('renewed');
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

  it('is bounded in sessions without a stream, the oldest first', () => {
    const memory = new SessionMemory({ sessionsMax: 2 });
    ['ses_1', 'ses_2', 'ses_3'].forEach((sessionId, at) => visit(memory, sessionId, at, Buffer.alloc(10)));
    expect(memory.idleSessions).toBe(2);
    expect(memory.bytes).toBe(20);
    expect(memory.enter(ticket('ses_3'), 4).checkpoint?.length).toBe(10);
  });

  it('is bounded in the bytes of all checkpoints: sessions without a stream give way, others keep what they have', () => {
    const memory = new SessionMemory({ bytesMax: 100 });
    visit(memory, 'ses_1', 0, Buffer.alloc(40));
    const [first, second] = [memory.enter(ticket('ses_2'), 1), memory.enter(ticket('ses_3'), 1)];
    expect(memory.keep(first, Buffer.alloc(50))).toBe(true);
    expect(memory.idleSessions).toBe(1);
    expect(memory.keep(second, Buffer.alloc(40))).toBe(true);
    expect(memory.idleSessions).toBe(0);
    expect(memory.keep(second, Buffer.alloc(51))).toBe(false);
    expect(second.checkpoint?.length).toBe(40);
    expect(memory.keep(second, Buffer.alloc(50, 7))).toBe(true);
    expect(second.checkpoint).toEqual(Buffer.alloc(50, 7));
    first.isOver = true;
    memory.leave('ses_2', 2);
    expect(memory.bytes).toBe(50);
  });

  it('keeps a copy: the memory of a message is used again', () => {
    const memory = new SessionMemory();
    const session = memory.enter(ticket('ses_1'), 0);
    const message = Buffer.alloc(10, 1);
    memory.keep(session, message);
    message.fill(2);
    expect(session.checkpoint).toEqual(Buffer.alloc(10, 1));
  });
});
