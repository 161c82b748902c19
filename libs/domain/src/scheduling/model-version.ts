import type { SessionRequest } from '../session/session.ts';
import type { ServedModel } from './placement.ts';
import { roomOf } from './pool-room.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/** Orders versions part by part, numbers by value: 1.9.0 is before 1.10.0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(/[.+-]/), b.split(/[.+-]/)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = comparePart(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

const NUMBER = /^\d+$/;

function comparePart(a: string, b: string): number {
  if (NUMBER.test(a) && NUMBER.test(b)) return Number(a) - Number(b);
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The version asked for, else the newest with a ready worker, else the newest with any. */
export function servedModel(
  { model, modelVersion }: Pick<SessionRequest, 'model' | 'modelVersion'>,
  { regions }: CapacitySnapshot,
): ServedModel {
  let [newest, newestReady]: (string | undefined)[] = [];
  for (const { pools } of regions) {
    for (const pool of pools) {
      if (pool.model !== model) continue;
      if (modelVersion === pool.modelVersion) return { modelVersion, isServed: true };
      if (isNewer(pool.modelVersion, newest)) newest = pool.modelVersion;
      if (isNewer(pool.modelVersion, newestReady) && roomOf(pool).readyWorkers > 0) {
        newestReady = pool.modelVersion;
      }
    }
  }
  if (modelVersion !== undefined) return { modelVersion, isServed: false };
  return { modelVersion: newestReady ?? newest, isServed: newest !== undefined };
}

const isNewer = (version: string, than: string | undefined): boolean =>
  version !== than && (than === undefined || compareVersions(version, than) > 0);
