import { beforeEach, describe, expect, it } from '@jest/globals';
import { Checkpoint, Codec, Notice, NoticeKind, PlayResponse, type FrameFormat } from '@meridian/protocol';
import type { Closing, SteppedFrame } from '../engine/ports.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import { Outbox } from './outbox.ts';

/** A step's way through encoder and transport, each of which waits to be let go. */
class Gate {
  readonly waiting: (() => void)[] = [];
  pass(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  async letGo(): Promise<void> {
    this.waiting.shift()?.();
    await settle();
  }
}

let encoder: Gate;
let transport: Gate;
let written: PlayResponse[];
let sent: number[];
let finished: Closing[];
let outbox: Outbox;
let paced: number;
/** Formats of what was encoded. */
let asked: (FrameFormat | undefined)[];

beforeEach(() => {
  [encoder, transport, written, sent, finished, paced] = [new Gate(), new Gate(), [], [], [], 0];
  asked = [];
  outbox = new Outbox({
    clock: new VirtualClock(),
    encoder: {
      encode: async (bytes, format) => {
        asked.push(format);
        await encoder.pass();
        return { codec: Codec.JPEG, width: 1, height: 1, bytes };
      },
    },
    write: (message) => {
      written.push(PlayResponse.decode(message));
      return transport.pass();
    },
    finish: (closing) => finished.push(closing),
    failed: () => undefined,
    paced: () => (paced += 1),
  });
});

const frame = (number: number): SteppedFrame => ({
  number,
  epoch: 1,
  lastActionSeq: 0,
  lastActionDevice: 0,
  actionReceivedUs: 0,
  actionGatewayUs: 0,
  dueUs: 0,
  stepStartedUs: 0,
  stepEndedUs: 0,
  rgb: Uint8Array.of(number),
  format: undefined,
  sent: () => sent.push(number),
});
const notice = Notice.fromPartial({ kind: NoticeKind.STARTED, epoch: 1, nextFrameNumber: 1 });
const ended: Notice = { ...notice, kind: NoticeKind.ENDED, endReason: 'idle' };
const checkpoint = (frameNumber: number): Checkpoint =>
  Checkpoint.fromPartial({ model: 'm', modelVersion: '1', epoch: 1, frameNumber, state: new Uint8Array(1) });
const said = (): string[] =>
  written.map(({ message }) => {
    if (message?.$case === 'frame') return `frame ${message.value.number}`;
    if (message?.$case === 'checkpoint') return `checkpoint ${message.value.frameNumber}`;
    if (message?.$case === 'draining') return `draining ${message.value.withinMs}`;
    return message?.$case === 'notice' ? `notice ${message.value.kind}` : 'nothing';
  });

async function offer(...numbers: number[]): Promise<void> {
  for (const number of numbers) {
    outbox.frame(frame(number));
    await settle();
  }
}

describe('the way out', () => {
  it('sends notices, then frames, then checkpoints', async () => {
    outbox.notice(notice);
    await offer(1);
    outbox.checkpoint(checkpoint(1));
    await transport.letGo();
    await encoder.letGo();
    await transport.letGo();
    expect(said()).toEqual([`notice ${NoticeKind.STARTED}`, 'frame 1', 'checkpoint 1']);
  });

  it('keeps the newest frame for a slow encoder', async () => {
    await offer(1, 2, 3, 4);
    expect(encoder.waiting).toHaveLength(1);
    await encoder.letGo();
    await transport.letGo();
    await encoder.letGo();
    await transport.letGo();
    expect(encoder.waiting).toHaveLength(0);
    expect(said()).toEqual(['frame 1', 'frame 4']);
    expect(sent).toEqual([1, 4]);
  });

  it('encodes nothing for a reader that does not read, and then the newest', async () => {
    await offer(1);
    await encoder.letGo();
    await offer(2, 3, 4, 5);
    outbox.checkpoint(checkpoint(4));
    outbox.checkpoint(checkpoint(5));
    expect(encoder.waiting).toHaveLength(0);
    expect(said()).toEqual(['frame 1']);
    await transport.letGo();
    expect(said()).toEqual(['frame 1', 'checkpoint 5']);
    await transport.letGo();
    await encoder.letGo();
    expect(said()).toEqual(['frame 1', 'checkpoint 5', 'frame 5']);
    expect(sent).toEqual([1, 5]);
  });

  it('lets checkpoints through although a newer frame always waits', async () => {
    await offer(1);
    for (const number of [2, 4, 6]) {
      await offer(number);
      outbox.checkpoint(checkpoint(number));
      await encoder.letGo();
      await transport.letGo();
      await transport.letGo();
    }
    expect(said()).toEqual(['frame 1', 'checkpoint 2', 'frame 2', 'checkpoint 4', 'frame 4', 'checkpoint 6']);
  });

  it('says last words, and nothing after them: neither a frame that waits nor one that is being encoded', async () => {
    await offer(1);
    await encoder.letGo();
    await offer(2);
    await encoder.letGo();
    await offer(3);
    outbox.close({ kind: 'ended', notice: ended });
    await encoder.letGo();
    await offer(4);
    outbox.notice(notice);
    outbox.close({ kind: 'ended', notice: ended });
    for (let i = 0; i < 4; i += 1) await transport.letGo();
    expect(said()).toEqual(['frame 1', `notice ${NoticeKind.ENDED}`]);
    expect(sent).toEqual([1]);
    expect(finished).toHaveLength(1);
  });

  it('sends the last checkpoint of a stream that is sent away', () => {
    const refusal = { status: 'UNAVAILABLE', code: 'worker_draining', message: 'Away.' } as const;
    outbox.close({ kind: 'refused', refusal, checkpoint: checkpoint(9) });
    expect(said()).toEqual(['checkpoint 9']);
    expect(finished).toMatchObject([{ kind: 'refused', refusal }]);
  });
});

describe('a client that does not keep up', () => {
  const feedback = (framesDropped: number) =>
    outbox.feedback({ framesSent: 100, framesDropped, waitMs: 0 }, undefined);

  it('is sent fewer frames: those left out cost no encoding, and are not counted', async () => {
    for (const dropped of [6, 12, 18]) feedback(dropped);
    expect(outbox.slowed).toBe(true);
    expect(paced).toBe(1);
    for (const number of [1, 2, 3, 4, 5, 6]) {
      await offer(number);
      await encoder.letGo();
      await transport.letGo();
    }
    expect(said()).toEqual(['frame 2', 'frame 4', 'frame 6']);
    expect(sent).toEqual([2, 4, 6]);
    expect(encoder.waiting).toHaveLength(0);
  });

  it('is sent images of lower quality first', async () => {
    feedback(6);
    await offer(1);
    expect(asked.at(-1)?.quality).toBe(60);
  });
});

it('says that the worker drains, in its turn', async () => {
  outbox.notice(notice);
  outbox.draining(0);
  outbox.draining(1_500);
  for (let i = 0; i < 3; i += 1) await transport.letGo();
  expect(said()).toEqual([`notice ${NoticeKind.STARTED}`, 'draining 0', 'draining 1500']);
});
