// Envelopes that several outlets send: their memory is used again when the last one is done with it, and not before.
import { describe, expect, it } from '@jest/globals';
import { Envelope, MessageMemory, type PeekedFrame } from '@meridian/worker-client';
import { newTrace } from '@meridian/telemetry';
import { GatewayMetrics } from '../metrics.ts';
import { claimsOf } from '../testing/claims.ts';
import type { Ticket } from '../token/admit.ts';
import type { ClientStream, Flushed } from './client-stream.ts';
import { Outlet } from './outlet.ts';
import { SessionMemory } from './session-memory.ts';
import { Stage } from './stage.ts';
import { Uplink } from './uplink.ts';

const metrics = new GatewayMetrics('us-east');

const TICKET: Ticket = {
  clientKey: 'the-key-of-one-client',
  nextFrame: 0,
  trace: newTrace(),
  place: { sessionToken: 'token', claims: claimsOf('ses_1') },
};

/** A client that takes what it gets when it is told to. */
class ManualClient {
  isIdle = true;
  readonly gone = new AbortController().signal;
  readonly requests = (async function* () {})();
  readonly written: Buffer[] = [];
  #flushed: Flushed[] = [];

  write(message: Envelope, flushed: Flushed): void {
    this.isIdle = false;
    this.written.push(Buffer.from(message.message));
    this.#flushed.push(flushed);
  }

  flush(): void {
    this.isIdle = true;
    for (const flushed of this.#flushed.splice(0)) flushed();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const outletOf = (client: ManualClient, other: { fromKeyframe?: boolean; onStuck?: () => void } = {}) =>
  new Outlet({ client: client satisfies ClientStream, metrics, onStuck: () => undefined, ...other });

const frame = (number: number, keyframe = true): PeekedFrame => ({
  ...{ kind: 'frame', number, keyframe, epoch: 1, lastActionSeq: 0, lastActionDevice: 0 },
});

const envelope = (memory: MessageMemory, byte: number) => {
  const made = Envelope.ofLength(100, memory);
  made.message.fill(byte);
  return made;
};

describe('an envelope that the owner and a guest get', () => {
  const scene = () => {
    const memory = new MessageMemory();
    const clients = [new ManualClient(), new ManualClient()] as const;
    const [owner, guest] = clients;
    const session = new SessionMemory().enter(TICKET, 0);
    const stage = new Stage(session, outletOf(owner), new Uplink(metrics));
    stage.open();
    session.party.join({
      ...{ device: 1, role: 'spectator', clientKey: 'the-key-of-device-1', outlet: outletOf(guest) },
      end: () => undefined,
    });
    for (const client of clients) client.flush();
    for (const client of clients) client.written.length = 0;
    const offer = (number: number) => {
      const shared = envelope(memory, number);
      const { buffer } = shared.message;
      stage.showFrame(frame(number), shared, performance.now());
      return buffer;
    };
    return { clients, offer, memory };
  };

  it('is free when both have sent it', () => {
    const { clients, offer, memory } = scene();
    const first = offer(1);
    clients[0].flush();
    expect(envelope(memory, 9).message.buffer).not.toBe(first);
    clients[1].flush();
    expect(envelope(memory, 9).message.buffer).toBe(first);
  });

  it('is free when one has sent it and the other one dropped it', () => {
    const { clients, offer, memory } = scene();
    offer(1);
    clients[0].flush();
    const second = offer(2);
    clients[0].flush();
    expect(envelope(memory, 9).message.buffer).not.toBe(second);
    offer(3);
    expect(envelope(memory, 9).message.buffer).toBe(second);
  });

  it('is the same to the byte at both, stamp included', () => {
    const { clients, offer } = scene();
    offer(1);
    expect(clients[0].written[0]?.equals(clients[1].written[0] ?? Buffer.alloc(0))).toBe(true);
    expect(clients[0].written[0]?.length).toBe(109);
  });
});

describe('an outlet', () => {
  it('begins with a keyframe where others have looked for a while', () => {
    const client = new ManualClient();
    const outlet = outletOf(client, { fromKeyframe: true });
    const memory = new MessageMemory();
    for (const [number, isKey] of [
      [1, false],
      [2, true],
      [3, false],
    ] as const) {
      outlet.offerFrame(frame(number, isKey), envelope(memory, number), performance.now());
      client.flush();
    }
    expect(client.written.map((bytes) => bytes[0])).toEqual([2, 3]);
    expect(outlet.framesDropped).toBe(0);
  });

  it('has a bound for notices, too: a client that lets them wait is sent away', () => {
    const client = new ManualClient();
    let stuck = 0;
    const outlet = outletOf(client, { onStuck: () => (stuck += 1) });
    for (let count = 0; count < 65; count += 1) outlet.offerNotice(Envelope.of(Buffer.alloc(10)));
    expect(stuck).toBe(0);
    outlet.offerNotice(Envelope.of(Buffer.alloc(10)));
    expect(stuck).toBe(1);
  });
});
