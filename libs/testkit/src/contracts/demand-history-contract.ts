import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { DemandRow } from '@meridian/application';
import { EU_WEST, GALLERY, poolIn, US_EAST } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const POOL = poolIn(US_EAST);

/** What every demand history does. Call it in a `describe`; `open` gives an empty record. */
export function demandHistoryContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
  });
  afterEach(() => record.close());

  const row = (atMs: number, busySlots: number, over: Partial<DemandRow> = {}): DemandRow => ({
    ...{ pool: POOL, region: US_EAST, model: GALLERY.model, atMs, busySlots, queued: 1, slots: 16 },
    ...over,
  });
  const read = (fromMs: number, toMs: number) => record.demand.read([POOL], [{ fromMs, toMs }]);

  it('knows nothing of a pool that it never heard of', async () => {
    expect((await read(0, T0)).get(POOL) ?? []).toEqual([]);
    expect((await record.demand.read([], [{ fromMs: 0, toMs: T0 }])).size).toBe(0);
  });

  it('keeps a row a minute, and the last word on a minute stands', async () => {
    await record.demand.record([row(T0 + 1_000, 3)]);
    await record.demand.record([row(T0 + 59_999, 5, { queued: 0 }), row(T0 + MINUTE_MS, 7)]);
    expect((await read(T0, T0 + DAY_MS)).get(POOL)).toEqual([
      { atMs: T0, busySlots: 5, queued: 0 },
      { atMs: T0 + MINUTE_MS, busySlots: 7, queued: 1 },
    ]);
  });

  it('takes the last of two rows of one minute that come at once', async () => {
    await record.demand.record([row(T0, 3), row(T0 + 1, 4)]);
    expect((await read(T0, T0 + 1)).get(POOL)).toMatchObject([{ busySlots: 4 }]);
  });

  it('answers with what lies in the spans, oldest first', async () => {
    const minutes = [3, 0, 2, 1, 4];
    await record.demand.record(minutes.map((n) => row(T0 + n * MINUTE_MS, n)));
    await record.demand.record([row(T0 - DAY_MS, 9), row(T0 - 2 * DAY_MS, 8)]);
    const spans = [
      { fromMs: T0 + MINUTE_MS, toMs: T0 + 3 * MINUTE_MS },
      { fromMs: T0 - DAY_MS, toMs: T0 },
    ];
    const samples = (await record.demand.read([POOL], spans)).get(POOL) ?? [];
    expect(samples.map(({ busySlots }) => busySlots)).toEqual([9, 1, 2]);
  });

  it('tells pools apart', async () => {
    const other = poolIn(EU_WEST);
    await record.demand.record([row(T0, 1), row(T0, 2, { pool: other, region: EU_WEST })]);
    const both = await record.demand.read([POOL, other], [{ fromMs: T0, toMs: T0 + 1 }]);
    expect([...both].map(([pool, [sample]]) => [pool, sample?.busySlots]).sort()).toEqual(
      [
        [POOL, 1],
        [other, 2],
      ].sort(),
    );
    expect([...(await read(T0, T0 + 1)).keys()]).toEqual([POOL]);
  });

  it('forgets what it is told to', async () => {
    await record.demand.record([row(T0, 1), row(T0 + MINUTE_MS, 2)]);
    await record.demand.prune(T0 + MINUTE_MS);
    expect((await read(0, T0 + DAY_MS)).get(POOL)).toMatchObject([{ busySlots: 2 }]);
  });
}
