import { NoticeKind, type Notice } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectClosed, expectSame } from '../suite/expect.ts';
import type { SessionStream } from '../suite/session-stream.ts';

export const LIMIT_MS = 4_000;
export const FIRST_MS = 0.2 * LIMIT_MS;
const SECOND_MS = 0.05 * LIMIT_MS;
/** How far a machine that is busy may be off. */
const OFF_MS_MAX = 500;

export const limitCases: readonly Case[] = [
  {
    id: 'limits.duration',
    proves:
      'A session that reaches its longest duration is announced twice before it ends: nobody is cut off unawares.',
    sentence: CONTRACT.endingSoon,
    run: async (lab) => {
      const stream = await lab.playing({ maxDurationMs: LIMIT_MS });
      await expectAnnounced(stream, 'duration_limit', FIRST_MS);
      await lab.more(stream, 2);
      await expectEnd(stream, 'duration_limit');
    },
  },
  {
    id: 'limits.idle',
    proves:
      'An idle end is announced, taken back by an action, and announced again after the next quiet time.',
    sentence: CONTRACT.endingSoon,
    run: async (lab) => {
      const stream = await lab.playing({ idleMs: LIMIT_MS });
      await expectAnnounced(stream, 'idle', FIRST_MS);
      await lab.act(stream, 1);
      const before = announced(stream).length;
      await lab.more(stream, Math.floor((FIRST_MS + OFF_MS_MAX) / lab.intervalMs));
      expectSame('notices after the action', before, announced(stream).length);
      await expectAnnounced(stream, 'idle', FIRST_MS);
      await expectEnd(stream, 'idle');
    },
  },
];

export const announced = ({ notices }: SessionStream): readonly Notice[] =>
  notices.filter(({ kind }) => kind === NoticeKind.ENDING_SOON);

/** The next announcement says the reason, and a time left of at most that, and not much less. */
export async function expectAnnounced(stream: SessionStream, reason: string, atMs: number): Promise<void> {
  const known = announced(stream).length;
  await stream.until((seen) => announced(seen).length > known, 2 * LIMIT_MS, 'the notice ENDING_SOON');
  const notice = announced(stream)[known];
  expectSame('its end_reason', reason, notice?.endReason);
  const leftMs = notice?.endsInMs ?? 0;
  const isRight = leftMs <= atMs && leftMs > Math.max(0, atMs - OFF_MS_MAX);
  expect(isRight, `ends_in_ms of ${atMs} or a little less`, leftMs);
}

export async function expectEnd(stream: SessionStream, reason: string): Promise<void> {
  await expectAnnounced(stream, reason, SECOND_MS);
  const told = announced(stream).length;
  await expectClosed('the stream at the limit', 'OK', stream);
  expectSame('further announcements', told, announced(stream).length);
  const last = stream.notices.at(-1);
  expectSame('the last notice', NoticeKind.ENDED, last?.kind);
  expectSame('its end_reason', reason, last?.endReason);
}
