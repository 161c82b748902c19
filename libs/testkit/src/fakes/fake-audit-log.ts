import type { AuditEntry, AuditLog, AuditNote, AuditQuery } from '@meridian/application';
import type { FakeRecord } from './fake-record.ts';

/** Notes beside the placements that the record's sessions tell of. */
export class FakeAuditLog implements AuditLog {
  readonly #record: FakeRecord;
  readonly #notes: AuditEntry[] = [];

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  note(note: AuditNote): Promise<void> {
    return this.#record.do(() => {
      this.#notes.push({ ...note, id: `n${this.#notes.length + 1}` });
    });
  }

  read({ sessionId, tenantId, sinceMs, untilMs, limit }: AuditQuery): Promise<readonly AuditEntry[]> {
    return this.#record.do(() =>
      [...this.#notes, ...this.#placements()]
        .filter((entry) => sessionId === undefined || entry.sessionId === sessionId)
        .filter((entry) => tenantId === undefined || entry.tenantId === tenantId)
        .filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs)
        .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  #placements(): AuditEntry[] {
    return [...this.#record.rows.values()].flatMap(({ session: { request }, events }) =>
      events.flatMap((event, i): AuditEntry[] => {
        if (event.type !== 'queued' && event.type !== 'reserved' && event.type !== 'migrated') return [];
        const { sessionId, tenantId } = request;
        const { atMs, type: _type, ...detail } = event;
        const region = 'lease' in event ? { region: event.lease.region } : {};
        const id = `${sessionId} ${String(i + 1).padStart(6, '0')}`;
        return [
          {
            id,
            atMs,
            actor: 'meridian',
            action: `session.${event.type}`,
            sessionId,
            tenantId,
            ...region,
            detail,
          },
        ];
      }),
    );
  }
}
