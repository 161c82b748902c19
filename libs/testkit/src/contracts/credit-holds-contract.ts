// What sessions were given counts as used; once it is used and added up, as that.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { CreditStanding } from '@meridian/application';
import { decide, evolveAll, periodAt, type Epoch, type ModelUsage, type Session } from '@meridian/domain';
import { aRate, aReading, aSession, aTenant, end, observe, reserve, sessionId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const MODEL = { model: 'gallery', modelVersion: '1.0.0' };
const { tenantId } = aTenant();
const period = periodAt(T0);

/** What every store of credit holds does. Call it in a `describe`; `open` gives an empty record. */
export function creditHoldsContract(open: OpenRecord): void {
  let record: RecordHarness;
  let session: Session;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
    const begun = aSession({}, T0, reserve(T0), observe(T0, 'active'));
    session = begun.session;
    await record.sessions.create(session, begun.events, undefined);
  });
  afterEach(() => record.close());

  const request = (id = sessionId(1), epoch = 1) => {
    return { tenantId, sessionId: id, epoch: epoch as Epoch, ...MODEL, period };
  };
  const give = (ms: number, id = sessionId(1), epoch = 1) =>
    record.credit.grant(request(id, epoch), () => ms);
  const standing = async (id = sessionId(1), epoch = 1): Promise<CreditStanding> => {
    let seen: CreditStanding | undefined;
    await record.credit.grant(request(id, epoch), (found) => {
      seen = found;
      return 0;
    });
    return seen as CreditStanding;
  };
  const committedMs = async (): Promise<number> =>
    msOf((await record.credit.read({ tenantId, period })).committed);
  const endAfter = async (ms: number) => {
    const events = decide(end(T0 + ms), session);
    const reading = aReading({ seq: 9, activeMs: ms, frames: ms / 40, atMs: T0 + ms });
    await record.sessions.append(evolveAll(session, events), events, session.eventCount, reading);
  };

  it('gives what is decided, and tells the next who asks', async () => {
    expect((await standing()).heldMs).toBeUndefined();
    expect(await give(60_000)).toBe(60_000);
    expect(await standing()).toMatchObject({ heldMs: 60_000 });
    expect((await standing()).committed).toEqual([{ ...MODEL, activeMs: 60_000, startedMinutes: 1 }]);
    expect(await committedMs()).toBe(60_000);
  });

  it('never takes back what was given', async () => {
    await give(60_000);
    expect(await give(20_000)).toBe(60_000);
    expect(await committedMs()).toBe(60_000);
  });

  it('knows what all of a tenant were given, and nothing of another tenant', async () => {
    await give(60_000);
    await give(40_000, sessionId(2));
    expect(await committedMs()).toBe(100_000);
    const other = { tenantId: aTenant({ tenantId: 'ten_other' as typeof tenantId }).tenantId, period };
    expect((await record.credit.read(other)).committed).toEqual([]);
  });

  it('counts at a new epoch what was used at those before it, and what is given at the new one', async () => {
    await give(60_000);
    await record.usage.apply([aReading({ seq: 1, activeMs: 25_000, frames: 625, atMs: T0 + 25_000 })]);
    expect(await committedMs()).toBe(60_000);
    expect((await standing(sessionId(1), 2)).heldMs).toBeUndefined();
    await give(10_000, sessionId(1), 2);
    expect(await committedMs()).toBe(35_000);
    expect(await give(90_000)).toBe(0);
    expect(await committedMs()).toBe(35_000);
  });

  it('counts of a session that is over what it used, before and after that is added up', async () => {
    await give(60_000);
    await endAfter(25_000);
    expect(await committedMs()).toBe(25_000);
    while ((await record.usageHours.rollUp(100)) > 0);
    expect(await committedMs()).toBe(25_000);
    expect((await standing(sessionId(3))).committed).toEqual([
      { ...MODEL, activeMs: 25_000, startedMinutes: 1 },
    ]);
  });

  it('is given by one at a time', async () => {
    const LIMIT_MS = 100_000;
    const asked = Array.from({ length: 8 }, (_, i) =>
      record.credit.grant(request(sessionId(10 + i)), ({ committed }) =>
        Math.min(30_000, LIMIT_MS - msOf(committed)),
      ),
    );
    const given = await Promise.all(asked);
    expect(given.reduce((sum, ms) => sum + ms, 0)).toBe(LIMIT_MS);
    expect(await committedMs()).toBe(LIMIT_MS);
  });
}

const msOf = (committed: readonly ModelUsage[]): number =>
  committed.reduce((sum, { activeMs }) => sum + activeMs, 0);
