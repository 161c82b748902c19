import type { Draw } from '@meridian/application';
import type { SessionId, TenantId } from '@meridian/domain';
import { SeededDraw } from '@meridian/testkit/world';
import { makeTraffic } from '../traffic/generate.ts';
import { DAY_MS, tenantOf, trafficScenario } from './month-scenario.ts';

/** Somebody who wants to play. */
export interface Visit {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly model: string;
  readonly rttMs: Readonly<Record<string, number>>;
  readonly traceId: string;
  /** Unix ms. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** On the first day so many of those that come on the last; and on a working day of those on a Saturday. */
const FIRST_DAY_SHARE = 0.7;
const WORKING_DAY_SHARE = 0.82;

/** Who comes in the days before `toMs`: more towards the end, more at weekends, most in the evening of each city. */
export function visitsOf(days: number, seed: number, toMs: number): readonly Visit[] {
  const scenario = trafficScenario(days, seed);
  const { arrivals, endMs } = makeTraffic(
    { ...scenario, traffic: atHour(scenario.traffic, toMs, days) },
    seed,
  );
  const draw = new SeededDraw(seed + 1);
  const fromMs = toMs - endMs;
  return arrivals.flatMap(({ atMs, durationMs, rttMs, tenantId }) => {
    const tenant = tenantOf(tenantId);
    const comes = draw.chance(shareAt(fromMs + atMs, fromMs, toMs));
    const model = draw.chance(tenant.dreamShare) ? 'dream' : 'gallery';
    const visit = { sessionId: `ses_${draw.token(16)}` as SessionId, traceId: traceIdOf(draw) };
    return comes
      ? [{ ...visit, tenantId: tenant.tenantId, model, rttMs, atMs: fromMs + atMs, durationMs }]
      : [];
  });
}

/** The time of day at which the days begin. */
const atHour = <T extends object>(traffic: T, toMs: number, days: number) => ({
  ...traffic,
  startHourUtc: ((toMs - days * DAY_MS) % DAY_MS) / 3_600_000,
});

function shareAt(atMs: number, fromMs: number, toMs: number): number {
  const growth = FIRST_DAY_SHARE + (1 - FIRST_DAY_SHARE) * ((atMs - fromMs) / (toMs - fromMs));
  const isWeekend = [0, 6].includes(new Date(atMs).getUTCDay());
  return isWeekend ? growth : growth * WORKING_DAY_SHARE;
}

const HEX = '0123456789abcdef';

const traceIdOf = (draw: Draw): string =>
  [...draw.token(20)].map((char) => HEX[char.charCodeAt(0) % 16]).join('');
