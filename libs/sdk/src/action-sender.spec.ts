import { describe, expect, it } from '@jest/globals';
import { PlayRequest, type Action } from '@meridian/protocol';
import { ActionSender } from './action-sender.ts';
import type { Clock } from './clock.ts';

function bench(): {
  sender: ActionSender;
  sent: Action[];
  advance: (ms: number) => void;
  stream: { open: boolean };
} {
  let nowMs = 1_000;
  let tasks: { atMs: number; run: () => void }[] = [];
  const sent: Action[] = [];
  const stream = { open: true };
  const clock: Clock = {
    nowMs: () => nowMs,
    after: (ms, run) => {
      const task = { atMs: nowMs + ms, run };
      tasks.push(task);
      return () => (tasks = tasks.filter((one) => one !== task));
    },
  };
  const write = (bytes: Uint8Array): boolean => {
    const { message } = PlayRequest.decode(bytes);
    if (stream.open && message?.$case === 'action') sent.push(message.value);
    return stream.open;
  };
  const advance = (ms: number): void => {
    nowMs += ms;
    const due = tasks.filter(({ atMs }) => atMs <= nowMs);
    tasks = tasks.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
  };
  return { sender: new ActionSender({ clock, write, onSent: () => undefined }), sent, advance, stream };
}

describe('ActionSender', () => {
  it('sends 60 a second at most, the newest of those that wait', () => {
    const { sender, sent, advance } = bench();
    for (let ms = 0; ms < 1_000; ms += 1) {
      sender.send({ axes: { yaw: ms / 1_000 } });
      advance(1);
    }
    expect(sent.length).toBeLessThanOrEqual(60);
    expect(sent.length).toBeGreaterThan(50);
    expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_action, index) => index + 1));
    expect(sent.at(-1)?.axes['yaw']).toBeGreaterThan(0.97);
  });

  it('keeps text that a newer action would have replaced', () => {
    const { sender, sent, advance } = bench();
    sender.send({});
    sender.send({ text: 'open the door' });
    sender.send({ axes: { forward: 1 } });
    advance(20);
    expect(sent[1]).toMatchObject({ text: 'open the door', axes: { forward: 1 } });
  });

  it('sends what waited for the stream when it opens', () => {
    const { sender, sent, stream } = bench();
    stream.open = false;
    expect(sender.send({ axes: { forward: 1 } })).toBe(1);
    expect(sent).toEqual([]);
    stream.open = true;
    sender.streamOpened();
    expect(sent).toMatchObject([{ seq: 1, axes: { forward: 1 } }]);
  });

  it('sends what no frame has shown again as it was: the newest, and older ones with text', () => {
    const { sender, sent, advance, stream } = bench();
    const again = (): unknown[] => {
      sent.length = 0;
      sender.streamOpened();
      return sent.map(({ seq, text }) => [seq, text]);
    };
    sender.send({ text: 'open the door' });
    advance(20);
    sender.send({ axes: { yaw: 1 } });
    advance(20);
    sender.send({ buttons: ['sprint'] });
    advance(20);
    const [first, , third] = sent.slice();
    expect(again()).toEqual([
      [1, 'open the door'],
      [3, ''],
    ]);
    expect(sent).toEqual([first, third]);
    sender.seen(1);
    expect(again()).toEqual([[3, '']]);
    sender.seen(3);
    expect(again()).toEqual([[3, '']]);
    stream.open = false;
    sender.send({ axes: { yaw: -1 } });
    stream.open = true;
    expect(again()).toEqual([
      [3, ''],
      [4, ''],
    ]);
  });

  it('clamps axes and refuses what the contract refuses', () => {
    const { sender, sent } = bench();
    sender.send({ axes: { forward: 9, yaw: -2 } });
    expect(sent[0]?.axes).toEqual({ forward: 1, yaw: -1 });
    const invalid = expect.objectContaining({ code: 'invalid_action' });
    expect(() => sender.send({ axes: { yaw: Number.NaN } })).toThrow(invalid);
    expect(() => sender.send({ buttons: ['b'.repeat(33)] })).toThrow(invalid);
    expect(() => sender.send({ buttons: Array.from({ length: 33 }, () => 'a') })).toThrow(invalid);
    expect(() => sender.send({ text: 'é'.repeat(2_049) })).toThrow(invalid);
  });
});
