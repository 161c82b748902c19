import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SessionRepository } from '@meridian/application';
import { evolveAll, decide, type Session, type SessionCommand } from '@meridian/domain';
import { FakeRecord, aSession, end, enqueue, observe, reserve } from '@meridian/testkit';
import { LocalSignals, announceSessions } from '../testing/local-signals.ts';
import { followSession, type Message, type SessionEventPorts } from './session-events.ts';
import { summarise } from './session-view.ts';

/** Longer than any test: what wakes a listener here is a signal. */
const NEVER_MS = 60_000;

describe('followSession', () => {
  let record: FakeRecord;
  let signals: LocalSignals;
  let sessions: SessionRepository;
  let abort: AbortController;
  let position: number;

  const ports = (tickMs = NEVER_MS): SessionEventPorts => ({
    sessions,
    signals,
    tickMs,
    viewSession: async (session) => summarise(session),
    readQueuePlace: async ({ state }) =>
      state === 'queued' ? { position, etaMs: 1_000 * position } : undefined,
    readUsage: async (_tenant, sessionId) => ({
      usage: {
        ...{ sessionId, activeMs: 40, frames: 1, lateFrames: 0, costNano: 13n, currency: 'GBP' },
        ...{ final: false, asOfMs: 0 },
      },
      poundsPerUserHour: 1.2,
      segments: [],
    }),
  });

  async function open(...commands: SessionCommand[]): Promise<Session> {
    const { session, events } = aSession({}, 0, ...commands);
    await sessions.create(session, events, undefined);
    return session;
  }

  async function happen(session: Session, ...commands: SessionCommand[]): Promise<Session> {
    const events = commands.flatMap((command) => decide(command, session));
    const next = evolveAll(session, events);
    expect(await sessions.append(next, events, session.eventCount)).toBe(true);
    return next;
  }

  /** The next `count` messages; the generator is left where it waits. */
  async function take(messages: AsyncGenerator<Message | undefined>, count: number): Promise<string[]> {
    const told: string[] = [];
    while (told.length < count) {
      const { value, done } = await messages.next();
      if (done) break;
      if (value) told.push(`${value.id ?? '-'} ${value.event}`);
    }
    return told;
  }

  beforeEach(() => {
    record = new FakeRecord();
    signals = new LocalSignals();
    sessions = announceSessions(record.sessions, (sessionId) => signals.announce(sessionId));
    abort = new AbortController();
    position = 2;
  });
  afterEach(() => abort.abort());

  it('tells every event by its number, the queue place and the usage, and ends after the end', async () => {
    const queued = await open(enqueue(0));
    const messages = followSession(ports(), queued, 0, abort.signal);
    expect(await take(messages, 2)).toEqual(['1 queued', '- queue']);
    const reserved = await happen(queued, reserve(10));
    const active = await happen(reserved, observe(20, 'connecting'));
    const playing = await happen(active, observe(30, 'active'));
    expect(await take(messages, 4)).toEqual(['2 reserved', '3 connecting', '4 active', '- usage']);
    await happen(playing, end(40));
    expect(await take(messages, 9)).toEqual(['5 ended']);
  });

  it('goes on after the last event that the client has seen', async () => {
    const reserved = await open(enqueue(0), reserve(10));
    const messages = followSession(ports(), reserved, 1, abort.signal);
    expect(await take(messages, 1)).toEqual(['2 reserved']);
  });

  it('tells a queue place again only when it changed', async () => {
    const queued = await open(enqueue(0));
    const messages = followSession(ports(1), queued, 1, abort.signal);
    expect(await take(messages, 1)).toEqual(['- queue']);
    for (let look = 0; look < 5; look += 1) expect((await messages.next()).value).toBeUndefined();
    position = 1;
    expect(await take(messages, 1)).toEqual(['- queue']);
  });

  it('waits while the record is away, and catches up', async () => {
    const queued = await open(enqueue(0));
    record.away = true;
    const messages = followSession(ports(1), queued, 0, abort.signal);
    expect((await messages.next()).value).toBeUndefined();
    record.away = false;
    expect(await take(messages, 1)).toEqual(['1 queued']);
  });

  it('ends and forgets its listener when the client goes away', async () => {
    const queued = await open(enqueue(0));
    const messages = followSession(ports(), queued, 1, abort.signal);
    await take(messages, 1);
    const rest = take(messages, 1);
    abort.abort();
    expect(await rest).toEqual([]);
    expect(signals.listening(queued.request.sessionId)).toBe(0);
  });
});
