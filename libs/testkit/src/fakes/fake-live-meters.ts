import type { LiveMeters } from '@meridian/application';
import type { MeterReading, RegionId, SessionId } from '@meridian/domain';
import type { FakeRegions } from './fake-regions.ts';

export class FakeLiveMeters implements LiveMeters {
  readonly #regions: FakeRegions;

  constructor(regions: FakeRegions) {
    this.#regions = regions;
  }

  read(region: RegionId, sessionId: SessionId): Promise<MeterReading | undefined> {
    return this.#regions.at(region, (store) =>
      [...(store.meters.get(sessionId)?.values() ?? [])].reduce<MeterReading | undefined>(
        (newest, reading) => (newest && newest.epoch > reading.epoch ? newest : reading),
        undefined,
      ),
    );
  }

  takeChanged(region: RegionId, limit: number): Promise<readonly MeterReading[]> {
    return this.#regions.at(region, (store) => [...store.changed.values()].slice(0, limit));
  }

  oldestChangedMs(region: RegionId): Promise<number | undefined> {
    return this.#regions.at(region, (store) => store.changedSince.values().next().value);
  }

  settle(region: RegionId, readings: readonly MeterReading[]): Promise<void> {
    return this.#regions.at(region, (store) => {
      for (const { sessionId, epoch, seq } of readings) {
        const key = `${sessionId} ${epoch}`;
        const kept = store.changed.get(key);
        if (!kept || kept.seq > seq) continue;
        store.changed.delete(key);
        store.changedSince.delete(key);
      }
    });
  }
}
