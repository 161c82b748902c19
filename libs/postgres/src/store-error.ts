import { StoreUnavailable } from '@meridian/application';

/** SQLSTATE: connection lost, shutting down or starting, too many connections, given up after the time limit. */
const AWAY_STATE = /^(08|57P|53300$|57014$)/;
const AWAY_CODE = /^(E(CONN|PIPE|TIMEDOUT|NOTFOUND|HOST|NET|AI_)|P1001$|P1002$|P1008$|P1017$|P2024$)/;
/** What pg and pg-pool say without a code. */
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered)/;

/** Runs `use`; whatever says that the server is away becomes `StoreUnavailable('postgres')`. */
export async function asStoreError<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof StoreUnavailable || !saysAway(error)) throw error;
    throw new StoreUnavailable('postgres', { cause: error });
  }
}

function saysAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause, meta, errors } = error as Record<string, unknown>;
  if (typeof code === 'string' && (AWAY_STATE.test(code) || AWAY_CODE.test(code))) return true;
  if (typeof message === 'string' && AWAY_MESSAGE.test(message)) return true;
  const inner = [cause, ...(Array.isArray(errors) ? errors : []), ...Object.values(meta ?? {})];
  return inner.some(saysAway);
}

/** True when a row with that key is there already. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505';
