import type { PlanLine, PricePlan } from './plan.ts';

/** Why a plan cannot be; nothing when it can. */
export function planProblems(plan: PricePlan): readonly string[] {
  const { lines, includedMs, minimumNano, commitment, promise } = plan;
  const keys = lines.map(({ model = '', modelVersion = '' }) => `${model}@${modelVersion}`);
  return [
    ...(keys.includes('@') ? [] : ['a line without a model is needed, for models that no other line names']),
    ...(new Set(keys).size === keys.length ? [] : ['two lines name the same model version']),
    ...(includedMs >= 0 && Number.isSafeInteger(includedMs)
      ? []
      : ['includedMs must be whole and not negative']),
    ...(minimumNano >= 0n ? [] : ['minimumNano must not be negative']),
    ...(commitment === undefined || commitment.nanoPerHour >= 0n ? [] : ['nanoPerHour must not be negative']),
    ...(promise === undefined || (isShare(promise.lateShareMax) && isShare(promise.creditShare))
      ? []
      : ['shares of the promise must be in [0, 1]']),
    ...lines.flatMap((line, i) => lineProblems(line).map((problem) => `lines[${i}]: ${problem}`)),
  ];
}

const isShare = (share: number): boolean => share >= 0 && share <= 1;

function lineProblems({ model, modelVersion, mode, tiers, packageSize }: PlanLine): readonly string[] {
  const ends = tiers.map(({ upTo }) => upTo ?? Infinity);
  const areRising = ends.every(
    (end, i) => end > (ends[i - 1] ?? 0) && (end === Infinity || Number.isSafeInteger(end)),
  );
  return [
    ...(modelVersion === undefined || model !== undefined ? [] : ['a model version needs its model']),
    ...(areRising && ends.at(-1) === Infinity
      ? []
      : ['tiers must rise, in whole units, and the last have no end']),
    ...(tiers.every(({ nanoPerUnit, flatNano = 0n }) => nanoPerUnit >= 0n && flatNano >= 0n)
      ? []
      : ['prices must not be negative']),
    ...((mode === 'package') === (packageSize !== undefined && isSize(packageSize))
      ? []
      : ['a package needs a whole size, and nothing else has one']),
  ];
}

const isSize = (size: number): boolean => Number.isSafeInteger(size) && size > 0;
