import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { AuditQuery } from '@meridian/application';
import type { RegionId } from '@meridian/domain';
import { aSession, aTenant, reserve, sessionId, tenantId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const EVER: AuditQuery = { sinceMs: 0, untilMs: 10_000_000, limit: 100 };

/** What every audit log does. Call it in a `describe`; `open` gives an empty record. */
export function auditLogContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
  });
  afterEach(() => record.close());

  it('keeps what it is told, newest first', async () => {
    const drained = {
      atMs: 5_000,
      actor: 'operator',
      action: 'drain',
      detail: { worker: 'a', why: { n: 1 } },
    } as const;
    const refused = {
      ...{ atMs: 6_000, actor: tenantId('acme'), action: 'session.refused', tenantId: tenantId('acme') },
      ...{ sessionId: sessionId(9), region: 'us-east' as RegionId, detail: {} },
    };
    await record.audit.note(drained);
    await record.audit.note(refused);
    const [newest, oldest] = await record.audit.read(EVER);
    expect(newest).toEqual({ ...refused, id: expect.any(String) });
    expect(oldest).toEqual({ ...drained, id: expect.any(String) });
  });

  it('tells placements of sessions, with where and why', async () => {
    const { session, events } = aSession({}, 2_000, reserve(2_000));
    await record.sessions.create(session, events, undefined);
    const [entry] = await record.audit.read({ ...EVER, sessionId: session.request.sessionId });
    expect(entry).toMatchObject({
      ...{ actor: 'meridian', action: 'session.reserved', region: session.lease?.region },
      ...{ sessionId: session.request.sessionId, tenantId: session.request.tenantId },
      detail: { considered: session.considered, lease: session.lease },
    });
    expect(entry?.detail).not.toHaveProperty('type');
  });

  it('answers for a session, a tenant, a span of time, and no more than asked', async () => {
    for (const [i, of] of ['a', 'b', 'a', 'b'].entries()) {
      const ids = { tenantId: tenantId(of), sessionId: sessionId(of) };
      await record.audit.note({ atMs: i * 1_000, actor: 'operator', action: `${i}`, ...ids, detail: {} });
    }
    const actions = async (over: Partial<AuditQuery>) =>
      (await record.audit.read({ ...EVER, ...over })).map(({ action }) => action);
    expect(await actions({ tenantId: tenantId('a') })).toEqual(['2', '0']);
    expect(await actions({ sessionId: sessionId('b') })).toEqual(['3', '1']);
    expect(await actions({ sinceMs: 1_000, untilMs: 3_000 })).toEqual(['2', '1']);
    expect(await actions({ limit: 1 })).toEqual(['3']);
  });
}
