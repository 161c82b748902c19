import type { LiveMeters } from '@meridian/application';
import type { MeterReading, RegionId, SessionId } from '@meridian/domain';
import type { FakeRegions } from './fake-regions.ts';
import { countKey } from './meter-key.ts';

export class FakeLiveMeters implements LiveMeters {
  readonly #regions: FakeRegions;

  constructor(regions: FakeRegions) {
    this.#regions = regions;
  }

  read(region: RegionId, sessionId: SessionId): Promise<readonly MeterReading[]> {
    return this.#regions.at(region, (store) => {
      const readings = [...(store.meters.get(sessionId)?.values() ?? [])];
      const newest = Math.max(...readings.map(({ epoch }) => epoch));
      return readings.filter(({ epoch }) => epoch === newest).sort((a, b) => a.startedUs - b.startedUs);
    });
  }

  takeChanged(region: RegionId, limit: number): Promise<readonly MeterReading[]> {
    return this.#regions.at(region, (store) => [...store.changed.values()].slice(0, limit));
  }

  oldestChangedMs(region: RegionId): Promise<number | undefined> {
    return this.#regions.at(region, (store) => store.changedSince.values().next().value);
  }

  settle(region: RegionId, readings: readonly MeterReading[]): Promise<void> {
    return this.#regions.at(region, (store) => {
      for (const reading of readings) {
        const key = countKey(reading);
        const kept = store.changed.get(key);
        if (!kept || kept.seq > reading.seq) continue;
        store.changed.delete(key);
        store.changedSince.delete(key);
      }
    });
  }
}
