import type {
  HeldSlots,
  PlacedWait,
  QueuedRequest,
  QueueRecord,
  SlotRelease,
  TenantRepository,
} from '@meridian/application';
import type { SessionId, TenantId } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';

const HOLDING = ['reserved', 'connecting', 'active', 'held', 'migrating'];

export class FakeQueueRecord implements QueueRecord {
  readonly #record: FakeRecord;
  readonly #tenants: TenantRepository;

  constructor(record: FakeRecord, tenants: TenantRepository) {
    this.#record = record;
    this.#tenants = tenants;
  }

  async waiting(limit: number): Promise<readonly QueuedRequest[]> {
    const queued = await this.#record.do(() =>
      this.#record.rows
        .inStates(['queued'])
        .sort((a, b) => a.createdAtMs - b.createdAtMs)
        .slice(0, limit),
    );
    const tenantIds = [...new Set(queued.map(({ request }) => request.tenantId))];
    const tenants = await Promise.all(tenantIds.map((tenantId) => this.#tenants.findTenant(tenantId)));
    const weights = new Map(tenantIds.map((tenantId, i) => [tenantId, tenants[i]?.weight ?? 1]));
    return queued.map(({ request, createdAtMs, toldWait }) => ({
      ...{ request, createdAtMs, weight: weights.get(request.tenantId) ?? 1 },
      ...(toldWait === undefined ? {} : { toldWait }),
    }));
  }

  held(model: string): Promise<readonly HeldSlots[]> {
    return this.#record.do(() => {
      const held = new Map<TenantId, HeldSlots>();
      for (const { request, createdAtMs, lease } of this.#record.rows.inStates(HOLDING)) {
        if (request.model !== model) continue;
        const { tenantId } = request;
        const { slots, sinceMs } = held.get(tenantId) ?? { slots: 0, sinceMs: createdAtMs };
        held.set(tenantId, {
          ...{ tenantId, slots: slots + (lease?.width ?? 1), sinceMs: Math.min(sinceMs, createdAtMs) },
        });
      }
      return [...held.values()];
    });
  }

  releases(model: string, sinceMs: number, limit: number): Promise<readonly SlotRelease[]> {
    return this.#record.do(() => {
      const releases: SlotRelease[] = [];
      const ended = this.#record.rows.inStates(['ended']);
      for (let i = ended.length - 1; i >= 0 && releases.length < limit; i -= 1) {
        const { request, lease, createdAtMs, endedAtMs = 0 } = ended[i] ?? {};
        if (endedAtMs < sinceMs) break;
        if (request?.model !== model || !lease || createdAtMs === undefined) continue;
        const { region, width } = lease;
        releases.push({ region, slots: width, openedAtMs: createdAtMs, atMs: endedAtMs });
      }
      return releases;
    });
  }

  placed(sessionIds: readonly SessionId[]): Promise<readonly PlacedWait[]> {
    return this.#record.do(() =>
      sessionIds.flatMap((sessionId): readonly PlacedWait[] => {
        const { session, events = [] } = this.#record.rows.get(sessionId) ?? {};
        const [queued, placed] = events;
        if (!session?.toldWait || queued?.type !== 'queued' || placed?.type !== 'reserved') return [];
        const waitedMs = placed.atMs - queued.atMs;
        return [{ model: session.request.model, waitedMs, toldWait: session.toldWait }];
      }),
    );
  }
}
