import type { FxRates } from '@meridian/application';
import type { FxRate } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';

interface FxRow {
  readonly from_currency: string;
  readonly to_currency: string;
  readonly numerator: string;
  readonly denominator: string;
  readonly effective_from: Date;
  readonly recorded_at: Date;
  readonly source: string;
}

export class PostgresFxRates implements FxRates {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(): Promise<readonly FxRate[]> {
    const { rows } = await this.#database.query<FxRow>(
      'SELECT * FROM fx_rates ORDER BY effective_from, recorded_at, from_currency, to_currency',
    );
    return rows.map((row) => ({
      ...{ from: row.from_currency, to: row.to_currency, source: row.source },
      rate: { numerator: BigInt(row.numerator), denominator: BigInt(row.denominator) },
      ...{ effectiveFromMs: row.effective_from.getTime(), recordedAtMs: row.recorded_at.getTime() },
    }));
  }

  async add({ from, to, rate, effectiveFromMs, recordedAtMs, source }: FxRate): Promise<void> {
    const { numerator, denominator } = rate;
    await this.#database.query(
      'INSERT INTO fx_rates VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING',
      [
        ...[from, to, String(numerator), String(denominator)],
        ...[timestamp(effectiveFromMs), timestamp(recordedAtMs), source],
      ],
    );
  }
}
