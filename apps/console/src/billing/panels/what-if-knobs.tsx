import { useId } from 'react';
import { sharesOf, UNTOUCHED, type Baseline, type Knobs } from '../views/what-if.ts';
import { moneyText, percentText, unitsOf } from '../words/money.ts';

interface KnobsProps {
  readonly knobs: Knobs;
  readonly baseline: Baseline;
  readonly onChange: (knobs: Knobs) => void;
}

/** Prices go from nothing to twice what they were. */
const PRICE_STEPS = 100;

export function WhatIfKnobs({ knobs, baseline, onChange }: KnobsProps) {
  const change = (changed: Partial<Knobs>): void => onChange({ ...knobs, ...changed });
  return (
    <div className="knobs">
      <Prices {...{ knobs, baseline, change }} />
      <Slider
        label="Sessions on a GPU, on average"
        shown={(knobs.density ?? baseline.density).toFixed(2)}
        value={knobs.density ?? baseline.density}
        max={Math.max(8, Math.ceil(baseline.density * 2))}
        min={0.25}
        step={0.05}
        onChange={(density) => change({ density })}
      />
      <Slider
        label="GPU-hours bought as spot"
        shown={percentText(knobs.spotShare)}
        value={knobs.spotShare}
        max={1}
        step={0.01}
        onChange={(spotShare) => change({ spotShare })}
      />
      <Slider
        label="Spot price, of the on-demand price"
        shown={percentText(knobs.spotPriceShare)}
        value={knobs.spotPriceShare}
        max={1}
        step={0.01}
        onChange={(spotPriceShare) => change({ spotPriceShare })}
      />
      <Regions {...{ knobs, baseline, change }} />
      <button
        type="button"
        className="quiet"
        disabled={knobs === UNTOUCHED}
        onClick={() => onChange(UNTOUCHED)}
      >
        As it was
      </button>
    </div>
  );
}

interface PartProps {
  readonly knobs: Knobs;
  readonly baseline: Baseline;
  readonly change: (changed: Partial<Knobs>) => void;
}

function Prices({ knobs, baseline, change }: PartProps) {
  const { currency, gpuNanoPerHour: was } = baseline;
  return Object.entries(was).map(([gpuType, nano]) => {
    const now = knobs.gpuNanoPerHour[gpuType] ?? nano;
    const move = (steps: number): void => {
      const moved = (nano * BigInt(Math.round(steps))) / BigInt(PRICE_STEPS);
      change({ gpuNanoPerHour: { ...knobs.gpuNanoPerHour, [gpuType]: moved } });
    };
    return (
      <Slider
        key={gpuType}
        label={`Price of a GPU-hour, ${gpuType}`}
        shown={moneyText(unitsOf(now), currency)}
        value={nano === 0n ? 0 : Number((now * BigInt(PRICE_STEPS) + nano / 2n) / nano)}
        max={2 * PRICE_STEPS}
        step={1}
        onChange={move}
      />
    );
  });
}

function Regions({ knobs, baseline, change }: PartProps) {
  const mix = knobs.regionMix ?? baseline.regionMix;
  const shares = sharesOf(mix);
  const names = Object.keys(mix);
  if (names.length < 2) return null;
  return names.map((region) => (
    <Slider
      key={region}
      label={`Run in ${region}`}
      shown={percentText(shares[region])}
      value={mix[region] ?? 0}
      max={1}
      step={0.01}
      onChange={(weight) => change({ regionMix: { ...mix, [region]: weight } })}
    />
  ));
}

interface SliderProps {
  readonly label: string;
  readonly shown: string;
  readonly value: number;
  readonly min?: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
}

function Slider({ label, shown, value, min = 0, max, step, onChange }: SliderProps) {
  const id = useId();
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{shown}</output>
      <input
        id={id}
        type="range"
        {...{ min, max, step, value }}
        aria-valuetext={shown}
        style={{ '--filled': `${(100 * (value - min)) / (max - min)}%` }}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}
