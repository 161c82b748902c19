import { wait, type Clock } from './clock.ts';
import type { HttpApi } from './http-api.ts';
import type { Usage } from './types.ts';

/** A worker's last counters reach the record within a heartbeat or two. */
const DELAYS_MS = [0, 150, 300, 500, 1_000, 2_000, 3_000];

/** The usage of an ended session, once final; the newest that could be read otherwise. Never rejects. */
export async function finalUsage(api: HttpApi, clock: Clock, path: string): Promise<Usage | undefined> {
  let newest: Usage | undefined;
  for (const delayMs of DELAYS_MS) {
    if (delayMs > 0) await wait(clock, delayMs);
    newest = (await api.json<Usage>({ path, attempts: 1 }).catch(() => undefined)) ?? newest;
    if (newest?.final) return newest;
  }
  return newest;
}
