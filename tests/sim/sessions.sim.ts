// The whole control plane on virtual time through random histories: L1-L4, M1 and M3 hold (libs/simulator/src/history).
// SIM_RUNS=n tries n of each kind, SIM_SEED=n others; a failing one prints the command that tells it again.
import { describe, it } from '@jest/globals';
import { replayCommand, replayHistory, type HistoryOptions } from '@meridian/simulator';
import fc from 'fast-check';

const RUNS = Number(process.env['SIM_RUNS'] ?? 12);
const SEED = Number(process.env['SIM_SEED'] ?? 1);
const MOST_STEPS = 480;

/** The seed is the history, so only its length is shrunk. */
const histories = (crashes: boolean): fc.Arbitrary<HistoryOptions> =>
  fc.record({
    seed: fc.noShrink(fc.noBias(fc.integer({ min: 0, max: 2 ** 31 - 1 }))),
    steps: fc.noBias(fc.integer({ min: 1, max: MOST_STEPS })),
    crashes: fc.constant(crashes),
  });

const holds = (crashes: boolean): Promise<void> =>
  fc.assert(
    fc.asyncProperty(histories(crashes), async (options) => {
      const { broken } = await replayHistory(options);
      if (broken !== undefined) throw new Error(`${broken}\nTo see it: ${replayCommand(options)}`);
    }),
    { numRuns: RUNS, seed: SEED },
  );

describe('the control plane in simulation', () => {
  it('keeps its invariants while workers crash and stores come and go', () => holds(true), 300_000);
  it('loses no session to stores that are away (L4)', () => holds(false), 300_000);
});
