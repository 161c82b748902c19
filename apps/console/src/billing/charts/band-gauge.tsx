import { scaleLinear } from '@visx/scale';
import type { Band } from '../api/shapes.ts';
import { moneyText } from '../words/money.ts';

interface GaugeProps {
  readonly band: Band;
  readonly value: number | null;
  /** Where another figure stands, such as the window's beside the live one. */
  readonly other?: number | null;
  /** Ends of the band in figures. */
  readonly isNumbered?: boolean;
}

/** Where a price stands against the field's band, on a scale from nothing to one and a half times its top. */
export function BandGauge({ band, value, other = null, isNumbered = false }: GaugeProps) {
  const scale = scaleLinear({ domain: [0, band.high * 1.5], range: [0, 100], clamp: true });
  const percent = (at: number): string => `${scale(at)}%`;
  return (
    <div className={isNumbered ? 'gauge numbered' : 'gauge'} aria-hidden="true">
      <span className="gauge-band" style={{ left: percent(band.low), right: `${100 - scale(band.high)}%` }} />
      {other !== null && <span className="gauge-other" style={{ left: percent(other) }} />}
      {value !== null && (
        <span
          className={value > band.high ? 'gauge-value above' : 'gauge-value'}
          style={{ left: percent(value) }}
        />
      )}
      {isNumbered &&
        [band.low, band.high].map((end) => (
          <span key={end} className="gauge-number" style={{ left: percent(end) }}>
            {moneyText(end, band.currency)}
          </span>
        ))}
    </div>
  );
}
