// The charge of an hour is what the month's price grew by in it, under the plan that is in force when the hour begins.
// A plan that changes within a month goes on from what the month has used so far: nothing is included twice.
import { largestRemainder } from '../metering/price.ts';
import type { PlanLine, PricePlan } from './plan.ts';
import { lineFor, priceOf, quantityMilliOf, type ModelUsage, type Priced } from './price-of.ts';

/** What a tenant used in one UTC hour of one model version in one region. */
export interface HourUsage extends ModelUsage {
  readonly hourMs: number;
  readonly region: string;
  readonly frames: number;
  readonly lateFrames: number;
}

export interface HourCharge {
  readonly hourMs: number;
  readonly plan: PricePlan;
  readonly nano: bigint;
}

/** What a line of a plan comes to for one model version in one region. Shares of a line add up to its price. */
export interface UsageShare {
  readonly plan: PricePlan;
  readonly line: PlanLine;
  readonly model: string;
  readonly modelVersion: string;
  readonly region: string;
  /** Thousandths of the line's unit. */
  readonly quantityMilli: bigint;
  readonly nano: bigint;
  /** In which it was used. */
  readonly hours: readonly number[];
}

/** What a plan gave without a price. */
export interface IncludedPart {
  readonly plan: PricePlan;
  readonly line: PlanLine;
  readonly quantityMilli: bigint;
}

export interface PeriodPrice {
  /** One for each hour with usage under a plan, in order. */
  readonly charges: readonly HourCharge[];
  readonly shares: readonly UsageShare[];
  readonly included: readonly IncludedPart[];
  readonly frames: number;
  readonly lateFrames: number;
}

interface LineSum {
  readonly plan: PricePlan;
  readonly line: PlanLine;
  nano: bigint;
  includedMilli: bigint;
  readonly uses: Map<
    string,
    { readonly used: HourUsage; quantityMilli: bigint; readonly hours: Set<number> }
  >;
}

/** @param usage of one tenant and one period */
export function pricePeriod(
  planFor: (hourMs: number) => PricePlan | undefined,
  usage: readonly HourUsage[],
): PeriodPrice {
  const sums = new Map<string, LineSum>();
  const charges: HourCharge[] = [];
  const soFar = new Map<string, ModelUsage>();
  const hours = [...Map.groupBy(usage, ({ hourMs }) => hourMs)].sort(([a], [b]) => a - b);
  for (const [hourMs, used] of hours) {
    const plan = planFor(hourMs);
    const before = plan && priceOf(plan, [...soFar.values()]);
    for (const use of used) grow(soFar, use);
    if (!plan || !before) continue;
    const after = priceOf(plan, [...soFar.values()]);
    charges.push({ hourMs, plan, nano: after.totalNano - before.totalNano });
    plan.lines.forEach((line, i) => note(sums, plan, line, i, { before, after, used }));
  }
  return { charges, ...sharesOf([...sums.values()]), ...framesOf(usage) };
}

function grow(
  soFar: Map<string, ModelUsage>,
  { model, modelVersion, activeMs, startedMinutes }: ModelUsage,
): void {
  const key = `${model}@${modelVersion}`;
  const before = soFar.get(key);
  soFar.set(key, {
    ...{ model, modelVersion, activeMs: activeMs + (before?.activeMs ?? 0) },
    startedMinutes: startedMinutes + (before?.startedMinutes ?? 0),
  });
}

interface Step {
  readonly before: Priced;
  readonly after: Priced;
  readonly used: readonly HourUsage[];
}

function note(
  sums: Map<string, LineSum>,
  plan: PricePlan,
  line: PlanLine,
  i: number,
  { before, after, used }: Step,
): void {
  const key = `${plan.planId} ${i}`;
  const sum = sums.get(key) ?? { plan, line, nano: 0n, includedMilli: 0n, uses: new Map() };
  sums.set(key, sum);
  sum.nano += (after.lines[i]?.nano ?? 0n) - (before.lines[i]?.nano ?? 0n);
  sum.includedMilli += (after.lines[i]?.includedMilli ?? 0n) - (before.lines[i]?.includedMilli ?? 0n);
  for (const use of used.filter((candidate) => lineFor(plan, candidate) === i)) noteUse(sum, use);
}

function noteUse({ uses, line }: LineSum, used: HourUsage): void {
  const quantityMilli = quantityMilliOf(line, used);
  if (quantityMilli === 0n) return;
  const key = `${used.model}@${used.modelVersion} ${used.region}`;
  const use = uses.get(key) ?? { used, quantityMilli: 0n, hours: new Set() };
  use.quantityMilli += quantityMilli;
  use.hours.add(used.hourMs);
  uses.set(key, use);
}

/** A line's price goes to the model versions and regions that used it by their quantities. */
function sharesOf(sums: readonly LineSum[]): Pick<PeriodPrice, 'shares' | 'included'> {
  const shares = sums.flatMap(({ plan, line, nano, uses }) => {
    const ordered = [...uses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use);
    if (ordered.length === 0) return displacedShare(plan, line, nano);
    const parts = largestRemainder(
      nano,
      ordered.map(({ quantityMilli }) => quantityMilli),
    );
    return ordered.map(({ used: { model, modelVersion, region }, quantityMilli, hours }, i) => ({
      ...{ plan, line, model, modelVersion, region, quantityMilli, nano: parts[i] ?? 0n },
      hours: [...hours],
    }));
  });
  const included = sums
    .filter(({ includedMilli }) => includedMilli > 0n)
    .map(({ plan, line, includedMilli }) => ({ plan, line, quantityMilli: includedMilli }));
  return { shares, included };
}

/** Included time that a line before it took: what this line had used of it under an earlier plan now has a price. */
const displacedShare = (plan: PricePlan, line: PlanLine, nano: bigint): readonly UsageShare[] =>
  nano === 0n
    ? []
    : [
        {
          ...{ plan, line, model: line.model ?? '', modelVersion: line.modelVersion ?? '', region: '' },
          ...{ quantityMilli: 0n, nano, hours: [] },
        },
      ];

const framesOf = (usage: readonly HourUsage[]): Pick<PeriodPrice, 'frames' | 'lateFrames'> => ({
  frames: usage.reduce((sum, { frames }) => sum + frames, 0),
  lateFrames: usage.reduce((sum, { lateFrames }) => sum + lateFrames, 0),
});
