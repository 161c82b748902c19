import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { StoredPolicy } from '@meridian/application';
import type { OpenRecord, RecordHarness } from './harness.ts';

const policy = (model: string, updatedAtMs: number, maxWaitMs = 60_000): StoredPolicy => ({
  ...{ model, updatedAtMs },
  policy: {
    targetActionToFrameMs: 90,
    latencySteps: [
      { afterMs: 0, maxRttMs: 50 },
      { afterMs: 30_000, maxRttMs: null },
    ],
    maxWaitMs,
  },
});

/** What every store of model policies does. Call it in a `describe`; `open` gives an empty record. */
export function modelPoliciesContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
  });
  afterEach(() => record.close());

  it('keeps one policy for each model, the newest', async () => {
    await record.policies.put(policy('gallery', 1_000));
    await record.policies.put(policy('dream', 1_500));
    await record.policies.put(policy('gallery', 2_000, 5_000));
    expect(await record.policies.get('gallery')).toEqual(policy('gallery', 2_000, 5_000));
    expect(await record.policies.get('nothing')).toBeUndefined();
    expect(await record.policies.list()).toEqual([policy('dream', 1_500), policy('gallery', 2_000, 5_000)]);
  });

  it('keeps the limits that were put for the sessions of a model', async () => {
    const limited = { ...policy('gallery', 1_000), limits: { holdMs: 5_000, maxDurationMs: 60_000 } };
    await record.policies.put(limited);
    expect(await record.policies.get('gallery')).toEqual(limited);
    await record.policies.put(policy('gallery', 2_000));
    expect(await record.policies.get('gallery')).toEqual(policy('gallery', 2_000));
  });

  it('forgets what is removed, once', async () => {
    await record.policies.put(policy('gallery', 1_000));
    expect(await record.policies.remove('gallery')).toBe(true);
    expect(await record.policies.remove('gallery')).toBe(false);
    expect(await record.policies.list()).toEqual([]);
  });
}
