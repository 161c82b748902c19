import type { PairingOffer, Pairings, TakeOutcome } from '@meridian/application';
import { DEVICES_MAX, nextDeviceNumber, type Device, type SessionId } from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';

export class FakePairings implements Pairings {
  readonly #record: FakeRecord;
  /** By the hash of the code, oldest first. */
  readonly #offers = new Map<string, PairingOffer>();
  readonly #devices = new Map<SessionId, readonly Device[]>();

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  offer(offer: PairingOffer): Promise<boolean> {
    return this.#record.do(() => {
      for (const { codeHash, expiresAtMs } of this.#offers.values()) {
        if (expiresAtMs <= offer.createdAtMs) this.#offers.delete(codeHash);
      }
      if (this.#offers.has(offer.codeHash)) return false;
      this.#offers.set(offer.codeHash, offer);
      const mine = [...this.#offers.values()].filter(({ sessionId }) => sessionId === offer.sessionId);
      for (const { codeHash } of mine.slice(0, -DEVICES_MAX)) this.#offers.delete(codeHash);
      return true;
    });
  }

  take(codeHash: string, atMs: number): Promise<TakeOutcome> {
    return this.#record.do((): TakeOutcome => {
      const offer = this.#offers.get(codeHash);
      if (!offer || offer.expiresAtMs <= atMs) return { kind: 'not_found' };
      const { sessionId, role, label } = offer;
      if (this.#record.rows.get(sessionId)?.session.state === 'ended')
        return { kind: 'session_ended', sessionId };
      const devices = this.#devicesOf(sessionId);
      const number = nextDeviceNumber(devices);
      if (number === undefined) return { kind: 'too_many_devices', sessionId };
      const device = { device: number, role, ...(label !== undefined && { label }), pairedAtMs: atMs };
      this.#offers.delete(codeHash);
      this.#devices.set(sessionId, [...devices, device]);
      return { kind: 'taken', sessionId, device };
    });
  }

  devices(sessionId: SessionId): Promise<readonly Device[]> {
    return this.#record.do(() => this.#devicesOf(sessionId));
  }

  remove(sessionId: SessionId, device: number, atMs: number): Promise<boolean> {
    return this.#record.do(() => {
      const devices = this.#devicesOf(sessionId);
      const changed = devices.map((one) => (one.device === device ? { removedAtMs: atMs, ...one } : one));
      this.#devices.set(sessionId, changed);
      return devices.some((one) => one.device === device);
    });
  }

  #devicesOf(sessionId: SessionId): readonly Device[] {
    return this.#devices.get(sessionId) ?? [];
  }
}
