import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';
import { announced, expectAnnounced, expectEnd, FIRST_MS, LIMIT_MS } from './limits.ts';

/** How far beyond its credit a session may be counted: a frame under way, and a busy machine. */
const BEYOND_MS_MAX = 250;

export const creditCases: readonly Case[] = [
  {
    id: 'credit.exhausted',
    proves: 'What is not paid for is not served, and nobody is cut off unawares: two notices, then the end.',
    sentence: CONTRACT.credit,
    run: async (lab) => {
      const stream = await lab.playing({ creditMs: LIMIT_MS });
      await expectAnnounced(stream, 'budget_exhausted', FIRST_MS);
      await lab.more(stream, 2);
      await expectEnd(stream, 'budget_exhausted');
      const isLast = ({ endReason }: { readonly endReason: string }) => endReason !== '';
      const { activeMs, endReason } = await lab.report(stream.sessionId, isLast, 'its last report');
      expectSame('end_reason of the report', 'budget_exhausted', endReason);
      expect(activeMs <= LIMIT_MS + BEYOND_MS_MAX, `active_ms of ${LIMIT_MS} at most`, activeMs);
    },
  },
  {
    id: 'credit.renewed',
    proves:
      'Credit that is renewed in time is not spoken of; one that is lower is old news and changes nothing.',
    sentence: CONTRACT.creditRises,
    run: async (lab) => {
      const stream = await lab.playing({ creditMs: LIMIT_MS });
      await renew(lab, stream, 10 * LIMIT_MS);
      await renew(lab, stream, LIMIT_MS / 2);
      const isPast = ({ activeMs }: { readonly activeMs: number }) => activeMs > LIMIT_MS;
      await lab.report(stream.sessionId, isPast, `active_ms beyond ${LIMIT_MS}`);
      await lab.more(stream, 2);
      expectSame('notices', 0, announced(stream).length);
    },
  },
];

/** Resolves when the worker reports that it knows of credit, and it is the highest that was given. */
async function renew(lab: Lab, { sessionId, epoch }: SessionStream, creditMs: number): Promise<void> {
  lab.fleet.next = { credits: [{ sessionId, epoch, creditMs }] };
  await lab.fleet.heard(() => true);
  const highestMs = Math.max(creditMs, 10 * LIMIT_MS);
  await lab.report(sessionId, (report) => report.creditMs === highestMs, `credit_ms of ${highestMs}`);
}
