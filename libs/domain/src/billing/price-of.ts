// The price is a function of what a month has used so far, and never falls as that grows. A charge is the difference of
// two such prices, so that charges add up to the month's price exactly, however it is cut.
import type { PlanLine, PricePlan } from './plan.ts';
import { MILLI, priceOfQuantity } from './tiers.ts';

/** What was used of one model version. */
export interface ModelUsage {
  readonly model: string;
  readonly modelVersion: string;
  readonly activeMs: number;
  readonly startedMinutes: number;
}

/** What one line of a plan comes to. Quantities are thousandths of its unit. */
export interface PricedLine {
  readonly quantityMilli: bigint;
  /** The part of it that the plan includes. */
  readonly includedMilli: bigint;
  readonly nano: bigint;
}

export interface Priced {
  readonly totalNano: bigint;
  /** One for each line of the plan, in its order. */
  readonly lines: readonly PricedLine[];
}

/**
 * Included time goes to the lines in the plan's order; a line by the minute takes whole minutes of it, and what is left of
 * one that it could have used goes to nobody: passed on, more use of one line could make another cheaper.
 */
export function priceOf(plan: PricePlan, usage: readonly ModelUsage[]): Priced {
  let includedMs = BigInt(plan.includedMs);
  const quantities = quantitiesOf(plan, usage);
  const lines = plan.lines.map((line, i) => {
    const quantityMilli = quantities[i] ?? 0n;
    const msPerMilli = line.unit === 'active_second' ? 1n : 60n;
    const room = (includedMs / msPerMilli / stepMilli(line)) * stepMilli(line);
    const includedMilli = room < quantityMilli ? room : quantityMilli;
    includedMs = room < quantityMilli ? 0n : includedMs - includedMilli * msPerMilli;
    return { quantityMilli, includedMilli, nano: priceOfQuantity(line, quantityMilli - includedMilli) };
  });
  return { totalNano: lines.reduce((sum, { nano }) => sum + nano, 0n), lines };
}

/** The smallest part of a unit that is used, or included. */
const stepMilli = ({ unit }: PlanLine): bigint => (unit === 'active_second' ? 1n : MILLI);

function quantitiesOf(plan: PricePlan, usage: readonly ModelUsage[]): readonly bigint[] {
  const quantities = plan.lines.map(() => 0n);
  for (const used of usage) {
    const i = lineFor(plan, used);
    if (i !== undefined) quantities[i] = (quantities[i] ?? 0n) + quantityMilliOf(plan.lines[i], used);
  }
  return quantities;
}

export const quantityMilliOf = (line: PlanLine | undefined, used: ModelUsage): bigint =>
  line?.unit === 'started_minute' ? BigInt(used.startedMinutes) * MILLI : BigInt(used.activeMs);

/** Which line prices a model version: its own, else its model's, else the one for all. Undefined: it costs nothing. */
export function lineFor(
  { lines }: Pick<PricePlan, 'lines'>,
  { model, modelVersion }: Pick<ModelUsage, 'model' | 'modelVersion'>,
): number | undefined {
  const own = lines.findIndex((line) => line.model === model && line.modelVersion === modelVersion);
  const models = lines.findIndex((line) => line.model === model && line.modelVersion === undefined);
  const all = lines.findIndex((line) => line.model === undefined);
  return [own, models, all].find((i) => i >= 0);
}
