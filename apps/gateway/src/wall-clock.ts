// Microseconds since the Unix epoch. The monotonic clock has them but drifts from the wall clock over hours; the wall
// clock has milliseconds only. So the one is set by the other every second.
const RESET_EVERY_MS = 1_000;

let resetAtMs = Number.NEGATIVE_INFINITY;
let offsetMs = 0;

export const nowUs = (): number => wallUs(performance.now());

/** At a moment that is hardly past, as the monotonic clock has it. */
export function wallUs(monotonicMs: number): number {
  if (monotonicMs - resetAtMs > RESET_EVERY_MS) {
    resetAtMs = monotonicMs;
    const wanted = Date.now() - monotonicMs;
    // Within a millisecond both agree: keep the finer one.
    if (Math.abs(wanted - offsetMs) > 1) offsetMs = wanted;
  }
  return Math.round((monotonicMs + offsetMs) * 1_000);
}
