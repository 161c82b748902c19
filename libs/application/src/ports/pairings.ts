import type { Device, DeviceRole, SessionId } from '@meridian/domain';

/** A code that was shown and not yet typed in. Only its hash is kept: whoever reads the store pairs nothing. */
export interface PairingOffer {
  /** SHA-256 of the code, hex. */
  readonly codeHash: string;
  readonly sessionId: SessionId;
  readonly role: DeviceRole;
  readonly label?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export type TakeOutcome =
  | { readonly kind: 'taken'; readonly sessionId: SessionId; readonly device: Device }
  /** No such code, or it has expired, or another device took it. */
  | { readonly kind: 'not_found' }
  /** The code stays good for when there is room. */
  | { readonly kind: 'too_many_devices'; readonly sessionId: SessionId }
  | { readonly kind: 'session_ended'; readonly sessionId: SessionId };

/**
 * Codes and the devices that they brought, on record. A code is taken by one device, however many try at once, and a
 * session never has more than `DEVICES_MAX` at a time. Every method throws `StoreUnavailable`.
 */
export interface Pairings {
  /**
   * Keeps an offer, and no more than the newest `DEVICES_MAX` of its session; those that have expired by then go. False:
   * another offer has this code.
   */
  offer(offer: PairingOffer): Promise<boolean>;
  take(codeHash: string, atMs: number): Promise<TakeOutcome>;
  /** By number, those that were removed too. */
  devices(sessionId: SessionId): Promise<readonly Device[]>;
  /** False: the session never had it. One that was removed before keeps that time. */
  remove(sessionId: SessionId, device: number, atMs: number): Promise<boolean>;
}
