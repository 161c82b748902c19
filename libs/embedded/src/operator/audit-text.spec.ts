import { describe, expect, it } from '@jest/globals';
import { auditLines, placementLines, type AuditEntry } from './audit-text.ts';

const pool = 'us-east/h100/gallery@1.0.0';
const placed: AuditEntry = {
  ...{ at: '2026-11-22T10:00:00.000Z', actor: 'meridian', action: 'session.reserved' },
  ...{ sessionId: 'ses_a', region: 'us-east' },
  detail: {
    lease: { pool, workerId: 'us-east-1', slot: 0, epoch: 1 },
    why: {
      ...{ waitedMs: 12_340, policy: 'default', refusedMore: 3 },
      candidates: [
        {
          ...{ pool, rttMs: 18, rttEstimated: true, predictedActionToFrameMs: 41.26, congestionMs: 2 },
          ...{ scoreMs: 43.26, freeSlots: 3, feasible: true },
        },
      ],
      refused: [{ region: 'eu-west', code: 'residency', reason: 'it lies in eu' }],
    },
  },
};

describe('a placement in the terminal', () => {
  it('says where, how long it waited, every candidate with its figures, and why others could not', () => {
    const [head, policy, ...tables] = placementLines(placed);
    expect(head).toBe(`2026-11-22T10:00:00.000Z  reserved: ${pool}, worker us-east-1, slot 0, epoch 1`);
    expect(policy).toBe('  by the default policy, after 12.3 s in the queue');
    expect(tables.join('\n')).toMatch(/18 ms \(estimated\)\s+41.3 ms\s+2 ms\s+43.3 ms\s+3\s+yes/);
    expect(tables.join('\n')).toMatch(/eu-west\s+residency\s+it lies in eu\n {2}and 3 more that could not/);
  });

  it('says why a session waits', () => {
    const reasons = [{ region: 'us-east', outcome: 'rejected', reason: 'all of its slots are taken' }];
    const lines = placementLines({ ...placed, action: 'session.queued', detail: { etaMs: 30_000, reasons } });
    expect(lines[0]).toContain('queued: told to wait about 30 s');
    expect(lines[1]).toBe('  us-east  rejected  all of its slots are taken');
  });
});

describe('the audit log in the terminal', () => {
  it('has a line for each entry', () => {
    const drained = { ...placed, action: 'POST /admin/v1/workers/:workerId/drain', detail: {} };
    const lines = auditLines([placed, drained]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/session.reserved .* ses_a {2}us-east/);
  });
});
