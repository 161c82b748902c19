import type { Action } from '@meridian/protocol';
import { NoticeKind } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectClosed, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { Sentence } from '../suite/sentence.ts';
import type { SessionStream } from '../suite/session-stream.ts';

const LARGE_BYTES = 70_000;

export const badInputCases: readonly Case[] = [
  {
    id: 'garbage.bytes',
    proves:
      'Bytes that are no message close their stream with INVALID_ARGUMENT; the session is held, the worker lives.',
    sentence: CONTRACT.garbage,
    run: async (lab) => {
      const wanted = 'INVALID_ARGUMENT malformed_message';
      for (const [what, bytes] of GARBAGE) {
        await expectRecovery(lab, what, wanted, (stream) => stream.sendBytes(bytes));
      }
    },
  },
  {
    id: 'garbage.too-large',
    proves: 'An action above 64 KiB closes its stream with RESOURCE_EXHAUSTED before it can fill the memory.',
    sentence: CONTRACT.tooLarge,
    run: async (lab) => {
      const send = (stream: SessionStream) => stream.act(1, {}, { text: 'x'.repeat(LARGE_BYTES) });
      await expectRecovery(lab, `${LARGE_BYTES} bytes of text`, 'RESOURCE_EXHAUSTED message_too_large', send);
    },
  },
  {
    id: 'garbage.actions',
    proves: 'An action with NaN, a value out of range or too many names is refused by the name of its field.',
    sentence: CONTRACT.badAction,
    run: async (lab) => {
      for (const [what, field, action] of BAD_ACTIONS) {
        const send = (stream: SessionStream) => stream.act(1, action.axes ?? {}, action);
        const detail = await expectRecovery(lab, what, 'INVALID_ARGUMENT malformed_action', send);
        expect(detail.includes(field), `"${field}" in the message`, detail);
      }
    },
  },
  {
    id: 'garbage.times',
    proves:
      'A client’s clock may be wrong: times from the far past and the far future are taken as they are.',
    sentence: CONTRACT.acts,
    run: async (lab) => {
      const stream = await lab.playing();
      for (const [seq, clientTimeUs] of [1, 4_102_444_800_000_000].entries()) {
        stream.act(seq + 1, {}, { clientTimeUs });
        await lab.sees(stream, seq + 1);
      }
    },
  },
];

const GARBAGE: readonly (readonly [string, Uint8Array])[] = [
  ['random bytes', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
  ['an action cut off', Uint8Array.of(0x0a, 0x20, 0x08, 0x01)],
  ['a number where an action should be', Uint8Array.of(0x08, 0x01)],
  ['an empty message', new Uint8Array(0)],
];

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `name-${i}`);
const each = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 0.1]));

const BAD_ACTIONS: readonly (readonly [string, string, Partial<Action>])[] = [
  ['an axis of NaN', 'axes.forward', { axes: { forward: Number.NaN } }],
  ['an axis of infinity', 'axes.yaw', { axes: { yaw: Infinity } }],
  ['an axis of 1.5', 'axes.forward', { axes: { forward: 1.5 } }],
  ['33 axes', 'axes', { axes: each(many(33)) }],
  ['33 buttons', 'buttons', { buttons: many(33) }],
  ['a button of 33 bytes', 'buttons', { buttons: ['b'.repeat(33)] }],
  ['text of 4,097 bytes', 'text', { text: 't'.repeat(4_097) }],
];

/** The stream closes as it should, and the same client takes the held session up again. Answers the status message. */
export async function expectRecovery(
  lab: Lab,
  what: string,
  wanted: string,
  send: (stream: SessionStream) => void,
  sentence?: Sentence,
): Promise<string> {
  const stream = await lab.playing();
  send(stream);
  const { details } = await expectClosed(what, wanted, stream, sentence ? { sentence } : {});
  const back = await lab.playing({ sessionId: stream.sessionId });
  expectSame(`the notice after ${what}`, NoticeKind.RESUMED, back.notices[0]?.kind, CONTRACT.held);
  await lab.end(back);
  return details;
}
