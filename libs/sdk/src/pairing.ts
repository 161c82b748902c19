// The requests that pair a device. A code is Crockford's base32: no I, L, O or U, and a person's mistake between
// O and 0, or I, L and 1, is put right (https://www.crockford.com/base32.html).
import { MeridianError } from './errors.ts';
import type { HttpApi } from './http-api.ts';
import type { PairedDevice, PairedRole, Pairing, PairingClaim } from './types.ts';

export interface PairOptions {
  /** Default `controller`. */
  readonly role?: PairedRole;
  /** What to call the device; at most 40 characters. */
  readonly label?: string;
}

const CODE = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** The code as it is shown, "K7QF-3MXN", from however a person typed it; undefined when it can be none. */
export function readPairingCode(text: string): string | undefined {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return CODE.test(code) ? `${code.slice(0, 4)}-${code.slice(4)}` : undefined;
}

export function pair(api: HttpApi, sessionPath: string, options: PairOptions): Promise<Pairing> {
  const body = { role: options.role ?? 'controller', ...(options.label && { label: options.label }) };
  return api.json({ method: 'POST', path: `${sessionPath}/pairings`, body, attempts: 1 });
}

export async function pairedDevices(api: HttpApi, sessionPath: string): Promise<readonly PairedDevice[]> {
  return (await api.json<{ devices: PairedDevice[] }>({ path: `${sessionPath}/devices` })).devices;
}

export function removePairedDevice(api: HttpApi, sessionPath: string, device: number): Promise<void> {
  return api.empty({ method: 'DELETE', path: `${sessionPath}/devices/${device}` });
}

/** A code serves once, so that the request is not repeated. Throws MeridianError. */
export async function claimPairing(
  api: HttpApi,
  text: string,
  signal: AbortSignal | undefined,
): Promise<PairingClaim> {
  const code = readPairingCode(text);
  if (code === undefined) {
    throw new MeridianError('invalid_code', 'A code has eight letters and digits, such as K7QF-3MXN.');
  }
  const request = { method: 'POST', path: '/v1/pairings/claim', body: { code } } as const;
  return api.json({ ...request, attempts: 1, anonymous: true, signal });
}
