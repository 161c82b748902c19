import type { Brand } from '../brand.ts';

/** A UTC month, such as `2026-11`: what is invoiced and then closed. */
export type Period = Brand<string, 'Period'>;

export const periodAt = (atMs: number): Period => new Date(atMs).toISOString().slice(0, 7) as Period;

/** Of text; undefined for anything that is not a month. */
export const parsePeriod = (text: string): Period | undefined =>
  /^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? (text as Period) : undefined;

export const periodStartMs = (period: Period): number => Date.parse(`${period}-01T00:00:00.000Z`);

/** Where the next one begins. */
export function periodEndMs(period: Period): number {
  const start = new Date(periodStartMs(period));
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1);
}

export const previousPeriod = (period: Period): Period => periodAt(periodStartMs(period) - 1);
