import type {
  RollUpLag,
  TopSession,
  UsageDimension,
  UsageHours,
  UsageQuery,
  UsageRow,
} from '@meridian/application';
import { bucketsOf, hourOf, rollUp, usageHourKey } from '@meridian/domain';
import type { CountedSegment, TenantId, UsageHour, UsageSegment } from '@meridian/domain';
import type { DirtyHour, FakeRecord } from './fake-record.ts';

export class FakeUsageHours implements UsageHours {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  read(query: UsageQuery): Promise<readonly UsageRow[]> {
    return this.#record.do(() => {
      const hours = [...this.#record.hours.values()].filter((hour) => isWanted(hour, query));
      const rows = bucketsOf(query, query.interval, query.timeZone).flatMap(({ fromMs, toMs }) => {
        const inBucket = hours.filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs);
        const groups = Map.groupBy(inBucket, (hour) => keyOf(hour, query));
        const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
        return sorted.map(([, group]) => ({ fromMs, toMs, ...sumOf(group, query) }));
      });
      return rows;
    });
  }

  hours(fromMs: number, toMs: number, tenantId?: TenantId): Promise<readonly UsageHour[]> {
    return this.#record.do(() =>
      [...this.#record.hours.values()]
        .filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs)
        .filter((hour) => tenantId === undefined || hour.tenantId === tenantId)
        .sort((a, b) => a.hourMs - b.hourMs || (usageHourKey(a) < usageHourKey(b) ? -1 : 1)),
    );
  }

  topSessions(
    fromMs: number,
    toMs: number,
    limit: number,
    tenantId?: TenantId,
  ): Promise<readonly TopSession[]> {
    return this.#record.do(() => {
      const segments = [...this.#record.segments.values()].filter(
        ({ startsAtMs, tenantId: its }) =>
          startsAtMs >= fromMs && startsAtMs < toMs && (tenantId === undefined || its === tenantId),
      );
      const groups = Map.groupBy(segments, ({ sessionId, currency }) => `${sessionId} ${currency}`);
      return [...groups.values()].map(topSession).sort(byCost).slice(0, limit);
    });
  }

  rollUp(limit: number): Promise<number> {
    return this.#record.do(() => {
      const some = [...this.#record.dirtyHours].slice(0, limit);
      for (const [key, dirty] of some) {
        this.#record.dirtyHours.delete(key);
        this.#makeAnew(dirty);
      }
      return some.length;
    });
  }

  lag(): Promise<RollUpLag> {
    return this.#record.do(() => {
      const [oldest] = this.#record.dirtyHours.values();
      return { marks: this.#record.dirtyHours.size, ...(oldest && { oldestMs: oldest.atMs }) };
    });
  }

  #makeAnew({ hourMs, tenantId }: DirtyHour): void {
    for (const [key, hour] of this.#record.hours) {
      if (hour.hourMs === hourMs && hour.tenantId === tenantId) this.#record.hours.delete(key);
    }
    const segments = [...this.#record.segments.values()].filter(
      (segment) => segment.tenantId === tenantId && hourOf(segment.startsAtMs) === hourMs,
    );
    for (const hour of rollUp(segments.map((segment) => this.#counted(segment)))) {
      this.#record.hours.set(usageHourKey(hour), hour);
    }
  }

  #counted(segment: UsageSegment): CountedSegment {
    const earlier = this.#record.metersOf(segment.sessionId).filter(({ epoch }) => epoch < segment.epoch);
    return { segment, beforeMs: earlier.reduce((sum, { cut }) => sum + cut.activeMs, 0) };
  }
}

const FIELD_OF: Readonly<Record<UsageDimension, keyof UsageHour & keyof UsageRow>> = {
  ...{ tenant: 'tenantId', model: 'model', modelVersion: 'modelVersion', region: 'region' },
  ...{ pool: 'pool', gpuType: 'gpuType', purchase: 'purchase' },
};

const isWanted = (hour: UsageHour, query: UsageQuery): boolean =>
  hour.hourMs >= query.fromMs &&
  hour.hourMs < query.toMs &&
  (['tenantId', 'region', 'pool', 'model', 'modelVersion', 'gpuType'] as const).every(
    (field) => query[field] === undefined || query[field] === hour[field],
  );

const keyOf = (hour: UsageHour, { groupBy }: UsageQuery): string =>
  [...groupBy.map((dimension) => hour[FIELD_OF[dimension]]), hour.currency].join('\u0000');

function sumOf(hours: readonly UsageHour[], { groupBy }: UsageQuery): Omit<UsageRow, 'fromMs' | 'toMs'> {
  const sum = (of: (hour: UsageHour) => number): number => hours.reduce((total, hour) => total + of(hour), 0);
  const dimensions = groupBy.map((dimension) => [FIELD_OF[dimension], hours[0]?.[FIELD_OF[dimension]]]);
  return {
    ...(Object.fromEntries(dimensions) as Partial<UsageRow>),
    currency: hours[0]?.currency ?? '',
    activeMs: sum((hour) => hour.activeMs),
    gpuMs: sum((hour) => hour.gpuMs),
    frames: sum((hour) => hour.frames),
    lateFrames: sum((hour) => hour.lateFrames),
    sessionsStarted: sum((hour) => hour.sessionsStarted),
    startedMinutes: sum((hour) => hour.startedMinutes),
    costNano: hours.reduce((total, hour) => total + hour.costNano, 0n),
  };
}

function topSession(segments: readonly UsageSegment[]): TopSession {
  const newest = segments.reduce((a, b) => (a.startsAtMs > b.startsAtMs ? a : b));
  const { sessionId, tenantId, model, modelVersion, region, traceId, currency } = newest;
  return {
    ...{
      sessionId,
      tenantId,
      model,
      modelVersion,
      region,
      currency,
      ...(traceId !== undefined && { traceId }),
    },
    activeMs: segments.reduce((sum, segment) => sum + segment.activeMs, 0),
    costNano: segments.reduce((sum, segment) => sum + segment.costNano, 0n),
  };
}

const byCost = (a: TopSession, b: TopSession): number =>
  a.costNano === b.costNano ? (a.sessionId < b.sessionId ? -1 : 1) : a.costNano > b.costNano ? -1 : 1;
