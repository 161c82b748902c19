import type { CreditHolds, CreditRequest, CreditStanding } from '@meridian/application';
import { periodAt, type Epoch, type ModelUsage, type SessionId } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';

interface Hold extends Pick<CreditRequest, 'tenantId' | 'model' | 'modelVersion'> {
  readonly epoch: Epoch;
  readonly grantedMs: number;
}

const MINUTE_MS = 60_000;

/** Usage is added up the moment it is cut. */
export class FakeCreditHolds implements CreditHolds {
  readonly #record: FakeRecord;
  readonly #holds = new Map<SessionId, Hold>();

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  read(request: Pick<CreditRequest, 'tenantId' | 'period'>): Promise<Pick<CreditStanding, 'committed'>> {
    return this.#record.do(() => ({ committed: this.#committed(request) }));
  }

  grant(request: CreditRequest, decide: (standing: CreditStanding) => number): Promise<number> {
    return this.#record.do(() => {
      const { sessionId, tenantId, epoch, model, modelVersion } = request;
      const held = this.#holds.get(sessionId);
      if (held && held.epoch > epoch) return 0;
      const heldMs = held?.epoch === epoch ? held.grantedMs : undefined;
      const grantedMs = decide({ committed: this.#committed(request), heldMs });
      if (heldMs !== undefined && grantedMs <= heldMs) return heldMs;
      this.#holds.set(sessionId, { tenantId, epoch, model, modelVersion, grantedMs });
      return grantedMs;
    });
  }

  #committed({ tenantId, period }: Pick<CreditRequest, 'tenantId' | 'period'>): readonly ModelUsage[] {
    const segments = [...this.#record.segments.values()].filter(
      (segment) => segment.tenantId === tenantId && periodAt(segment.startsAtMs) === period,
    );
    const used = [...Map.groupBy(segments, ({ sessionId }) => sessionId).values()].flatMap((ofSession) =>
      ofSession.slice(0, 1).map(({ model, modelVersion }) => {
        return usageOf({ model, modelVersion }, sum(ofSession.map(({ activeMs }) => activeMs)));
      }),
    );
    const held = [...this.#holds]
      .filter(([, hold]) => hold.tenantId === tenantId)
      .map(([sessionId, hold]) => usageOf(hold, this.#leftMs(sessionId, hold)))
      .filter(({ activeMs }) => activeMs > 0);
    return [...used, ...held];
  }

  /** What is given and in no segment; of a session that is over, what was used of it. */
  #leftMs(sessionId: SessionId, { epoch, grantedMs }: Hold): number {
    const meters = this.#record.metersOf(sessionId);
    const isOver = this.#record.rows.get(sessionId)?.session.state === 'ended';
    const before = meters.filter((meter) => meter.epoch < epoch).map(({ last }) => last.activeMs);
    const newestMs = sum(meters.filter((meter) => meter.epoch >= epoch).map(({ last }) => last.activeMs));
    const inSegments = this.#record.segmentsOf(sessionId).map(({ activeMs }) => activeMs);
    return sum(before) + (isOver ? newestMs : Math.max(grantedMs, newestMs)) - sum(inSegments);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const usageOf = (
  { model, modelVersion }: Pick<ModelUsage, 'model' | 'modelVersion'>,
  activeMs: number,
): ModelUsage => ({ model, modelVersion, activeMs, startedMinutes: Math.ceil(activeMs / MINUTE_MS) });
