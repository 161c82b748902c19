// A code's row is locked before its session's, everywhere: no two moves wait for each other. Under the session's lock
// devices are numbered and counted, and a session that ends meanwhile ends before or after, never in between.
import type { PairingOffer, Pairings, TakeOutcome } from '@meridian/application';
import {
  DEVICES_MAX,
  nextDeviceNumber,
  type Device,
  type DeviceRole,
  type SessionId,
} from '@meridian/domain';
import type { Database, Runner } from './database.ts';
import { timestamp } from './session-rows.ts';

/** Its own row is not yet to be seen by the other parts of the statement, so that one fewer of the others is kept. */
const OFFER = `
  WITH expired AS (DELETE FROM pairing_offers WHERE expires_at <= $5 AND code_hash <> $1),
  kept AS (
    INSERT INTO pairing_offers AS o (code_hash, session_id, role, label, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (code_hash) DO UPDATE
    SET session_id = excluded.session_id, role = excluded.role, label = excluded.label,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE o.expires_at <= excluded.created_at
    RETURNING code_hash
  ),
  too_many AS (
    DELETE FROM pairing_offers WHERE EXISTS (SELECT FROM kept) AND code_hash IN (
      SELECT code_hash FROM pairing_offers WHERE session_id = $2 AND expires_at > $5
      ORDER BY created_at DESC, code_hash OFFSET $7
    )
  )
  SELECT code_hash FROM kept`;

interface OfferRow {
  readonly session_id: SessionId;
  readonly role: DeviceRole;
  readonly label: string | null;
}

interface DeviceRow {
  readonly device: number;
  readonly role: DeviceRole;
  readonly label: string | null;
  readonly paired_at: Date;
  readonly removed_at: Date | null;
}

export class PostgresPairings implements Pairings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async offer(offer: PairingOffer): Promise<boolean> {
    const { codeHash, sessionId, role, label = null, createdAtMs, expiresAtMs } = offer;
    const times = [timestamp(createdAtMs), timestamp(expiresAtMs)];
    const values = [codeHash, sessionId, role, label, ...times, DEVICES_MAX - 1];
    return (await this.#database.query(OFFER, values)).rows.length === 1;
  }

  take(codeHash: string, atMs: number): Promise<TakeOutcome> {
    return this.#database.transaction(async (runner): Promise<TakeOutcome> => {
      const offers = await runner.query<OfferRow>(
        'SELECT session_id, role, label FROM pairing_offers WHERE code_hash = $1 AND expires_at > $2 FOR UPDATE',
        [codeHash, timestamp(atMs)],
      );
      const [offer] = offers.rows;
      if (!offer) return { kind: 'not_found' };
      const sessionId = offer.session_id;
      if (!(await lockOpen(runner, sessionId))) return { kind: 'session_ended', sessionId };
      const device = nextDeviceNumber(await readDevices(runner, sessionId));
      if (device === undefined) return { kind: 'too_many_devices', sessionId };
      await runner.query(
        `WITH used AS (DELETE FROM pairing_offers WHERE code_hash = $1)
         INSERT INTO session_devices (session_id, device, role, label, paired_at) VALUES ($2, $3, $4, $5, $6)`,
        [codeHash, sessionId, device, offer.role, offer.label, timestamp(atMs)],
      );
      const { role, label } = offer;
      const paired = { device, role, ...(label !== null && { label }), pairedAtMs: atMs };
      return { kind: 'taken', sessionId, device: paired };
    });
  }

  devices(sessionId: SessionId): Promise<readonly Device[]> {
    return readDevices(this.#database, sessionId);
  }

  async remove(sessionId: SessionId, device: number, atMs: number): Promise<boolean> {
    const { rowCount } = await this.#database.query(
      `UPDATE session_devices SET removed_at = coalesce(removed_at, $3) WHERE session_id = $1 AND device = $2`,
      [sessionId, device, timestamp(atMs)],
    );
    return rowCount === 1;
  }
}

/** False: it has ended. */
async function lockOpen(runner: Runner, sessionId: SessionId): Promise<boolean> {
  const { rows } = await runner.query<{ open: boolean }>(
    `SELECT state <> 'ended' AS open FROM sessions WHERE session_id = $1 FOR NO KEY UPDATE`,
    [sessionId],
  );
  return rows[0]?.open === true;
}

async function readDevices(runner: Runner, sessionId: SessionId): Promise<readonly Device[]> {
  const { rows } = await runner.query<DeviceRow>(
    'SELECT device, role, label, paired_at, removed_at FROM session_devices WHERE session_id = $1 ORDER BY device',
    [sessionId],
  );
  return rows.map(({ device, role, label, paired_at, removed_at }) => ({
    ...{ device, role, pairedAtMs: paired_at.getTime() },
    ...(label !== null && { label }),
    ...(removed_at !== null && { removedAtMs: removed_at.getTime() }),
  }));
}
