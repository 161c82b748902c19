import type { PurchaseKind, Rate, RateId, RegionId } from '@meridian/domain';
import type { Runner } from './database.ts';

interface RateRow {
  readonly rate_id: RateId;
  readonly gpu_type: string;
  readonly region: RegionId | null;
  readonly purchase: PurchaseKind;
  readonly source: string;
  readonly currency: string;
  readonly nano_per_gpu_hour: string;
  readonly effective_from: Date;
  readonly recorded_at: Date;
}

export async function readRates(runner: Runner): Promise<readonly Rate[]> {
  const { rows } = await runner.query<RateRow>(
    'SELECT * FROM rates ORDER BY effective_from, recorded_at, rate_id',
  );
  return rows.map((row) => ({
    rateId: row.rate_id,
    gpuType: row.gpu_type,
    ...(row.region === null ? {} : { region: row.region }),
    purchase: row.purchase,
    source: row.source,
    currency: row.currency,
    nanoPerGpuHour: BigInt(row.nano_per_gpu_hour),
    effectiveFromMs: row.effective_from.getTime(),
    recordedAtMs: row.recorded_at.getTime(),
  }));
}
