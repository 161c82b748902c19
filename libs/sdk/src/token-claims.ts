import { isRecord } from './errors.ts';

const DEFAULT_HOLD_MS = 30_000;

/** How long the session is kept without a client, ms, as its token says. The signature is the gateway's to check. */
export function holdMsOf(token: string): number {
  const mer = payloadOf(token)?.['mer'];
  const holdMs = isRecord(mer) ? mer['holdMs'] : undefined;
  return typeof holdMs === 'number' && holdMs > 0 ? holdMs : DEFAULT_HOLD_MS;
}

/** Rises with every place that the session gets; 0 when the token does not say. */
export function epochOf(token: string): number {
  const mer = payloadOf(token)?.['mer'];
  const epoch = isRecord(mer) ? mer['epoch'] : undefined;
  return typeof epoch === 'number' ? epoch : 0;
}

function payloadOf(token: string): Record<string, unknown> | undefined {
  try {
    const base64 = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const value: unknown = JSON.parse(atob(base64));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
