import { cumulative, sortedOffsets } from './chance.ts';
import type { CurvePoint } from './inputs.ts';
import type { Arrival } from './traffic.ts';
import type { Users } from './users.ts';

/** How often arrivals are added to follow a curve, ms. */
const FOLLOW_MS = 10_000;

/** As many arrivals as keep the number of sessions at the curve, if each is placed at once; it climbs to it in the warm-up. */
export function followCurve(
  users: Users,
  curve: readonly CurvePoint[],
  countFromMs: number,
  endMs: number,
): readonly Arrival[] {
  const countAt = (atMs: number): number =>
    atMs < countFromMs
      ? interpolate(curve, 0) * (atMs / countFromMs)
      : interpolate(curve, (atMs - countFromMs) / 1_000);
  const arrivals: Arrival[] = [];
  const endsAtStep = new Map<number, number>();
  let active = 0;
  for (let step = 0; step * FOLLOW_MS < endMs; step += 1) {
    const atMs = step * FOLLOW_MS;
    active -= endsAtStep.get(step) ?? 0;
    const shares = cumulative(users.weightsAt(atMs));
    const came = Math.max(0, Math.round(countAt(atMs)) - active);
    for (const offset of sortedOffsets(came, FOLLOW_MS, users.draw)) {
      const arrival = users.user(atMs + offset, users.cityBy(shares));
      arrivals.push(arrival);
      const end = Math.max(step + 1, Math.ceil((arrival.atMs + arrival.durationMs) / FOLLOW_MS));
      endsAtStep.set(end, (endsAtStep.get(end) ?? 0) + 1);
    }
    active += came;
  }
  return arrivals;
}

function interpolate(curve: readonly CurvePoint[], atS: number): number {
  const next = curve.findIndex((point) => point.atS >= atS);
  const [before, after] = [curve[next - 1] ?? curve[0], curve[next] ?? curve.at(-1)];
  if (!before || !after) return 0;
  const share = after.atS === before.atS ? 0 : Math.max(0, (atS - before.atS) / (after.atS - before.atS));
  return before.count + Math.min(1, share) * (after.count - before.count);
}
