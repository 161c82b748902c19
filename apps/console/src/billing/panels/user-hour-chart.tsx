import type { Band } from '../api/shapes.ts';
import { seriesColour, WHOLE_COLOUR } from '../charts/colours.ts';
import { Legend } from '../charts/legend.tsx';
import { Line } from '../charts/lines.tsx';
import { TimePlot, type Places } from '../charts/time-plot.tsx';
import { useCursor } from '../charts/use-cursor.ts';
import { lastFilled, type Series } from '../views/series.ts';
import { topOf } from '../views/user-hour.ts';
import { moneyText, perHourText } from '../words/money.ts';
import { bucketName, type Question } from './question.ts';

export const USER_HOUR_PX = 300;

interface ChartProps {
  readonly question: Question;
  readonly startsMs: readonly number[];
  readonly series: readonly Series[];
  readonly band: Band;
  readonly sentence: string;
}

export function UserHourChart({ question, startsMs, series, band, sentence }: ChartProps) {
  const { interval, filters, span } = question;
  const cursor = useCursor(startsMs.length);
  const [whole] = series;
  const read = cursor.index ?? (whole ? lastFilled(whole) : 0);
  const greatest = topOf(band, series);
  const painted = series.map((each, i) => ({
    ...each,
    colour: i === 0 ? WHOLE_COLOUR : seriesColour(i - 1),
  }));
  return (
    <>
      <TimePlot
        {...{ sentence, startsMs, interval, cursor, greatest }}
        timeZone={filters.timeZone}
        heightPx={USER_HOUR_PX}
        yText={(value) => moneyText(value, band.currency)}
      >
        {(places) => (
          <>
            <FieldBand band={band} places={places} />
            {painted.toReversed().map(({ key, values, colour }) => (
              <Line
                key={key}
                {...{ values, places, colour }}
                isStrong={key === 'all'}
                marked={cursor.index}
                isRunning={span.isRunning}
              />
            ))}
            <FieldName band={band} places={places} />
          </>
        )}
      </TimePlot>
      <Legend
        of={bucketName(question, startsMs, read)}
        isSpoken={cursor.isByKeys}
        items={painted.map(({ key, label, colour, values }) => ({
          key,
          label,
          colour,
          isLine: true,
          value: perHourText(values[read], band.currency),
        }))}
      />
    </>
  );
}

/** Between what the best and the dearest of the field pay. */
function FieldBand({ band, places: { y, width } }: { band: Band; places: Places }) {
  return (
    <g className="field-band">
      <rect y={y(band.high)} width={width} height={y(band.low) - y(band.high)} />
      <line x2={width} y1={y(band.high)} y2={y(band.high)} />
      <line x2={width} y1={y(band.low)} y2={y(band.low)} />
    </g>
  );
}

/** Over the lines, so that it can be read where they cross it. */
function FieldName({ band, places: { y, width } }: { band: Band; places: Places }) {
  return (
    <text className="field-name" x={width - 8} y={y(band.low) + 15} textAnchor="end">
      the field: {moneyText(band.low, band.currency)} to {moneyText(band.high, band.currency)}
    </text>
  );
}
