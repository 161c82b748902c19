import { scaleLinear, scaleSqrt } from '@visx/scale';
import { LinePath } from '@visx/shape';
import type { Band } from '../api/shapes.ts';
import { XAxis, YAxis } from '../charts/axes.tsx';
import { seriesColour } from '../charts/colours.ts';
import { Frame, type Inner } from '../charts/frame.tsx';
import { Legend } from '../charts/legend.tsx';
import { useCursor } from '../charts/use-cursor.ts';
import { gpuHourPrices, priceCurve, type DensityPoint } from '../views/density.ts';
import { countText, moneyText } from '../words/money.ts';
import { densitySentence } from '../words/sentences.ts';

export const DENSITY_PX = 300;

export function DensityChart({ points, band }: { points: readonly DensityPoint[]; band: Band }) {
  const prices = gpuHourPrices(points);
  const types = [...prices.keys()];
  const colourOf = (gpuType: string): string => seriesColour(types.indexOf(gpuType));
  const leftToRight = points.toSorted((a, b) => a.density - b.density);
  const cursor = useCursor(leftToRight.length);
  const read = cursor.index === undefined ? undefined : leftToRight[cursor.index];
  const { currency } = band;
  return (
    <>
      <Frame
        sentence={densitySentence(points, currency)}
        heightPx={DENSITY_PX}
        margin={MARGIN}
        onKeyDown={cursor.onKeyDown}
        onBlur={cursor.clear}
      >
        {(inner) => {
          const { x, y, radius } = scalesOf(points, band, inner);
          return (
            <>
              <YAxis
                width={inner.width}
                ticks={y.ticks(4).map((value) => ({ at: y(value), text: moneyText(value, currency) }))}
              />
              <XAxis
                y={inner.height}
                ticks={x.ticks(6).map((value) => ({ at: x(value), text: countText(value) }))}
                title={
                  <text className="axis-title" x={inner.width} y={40} textAnchor="end">
                    sessions on a GPU, on average
                  </text>
                }
              />
              <g className="field-band">
                <rect y={y(band.high)} width={inner.width} height={y(band.low) - y(band.high)} />
              </g>
              {types.map((gpuType) => (
                <LinePath
                  key={gpuType}
                  className="price-curve"
                  data={[
                    ...priceCurve(
                      prices.get(gpuType) ?? 0,
                      Math.max(0.05, (prices.get(gpuType) ?? 0) / (y.domain()[1] ?? 1)),
                      x.domain()[1] ?? 1,
                    ),
                  ]}
                  x={([density]) => x(density)}
                  y={([, price]) => y(price)}
                  stroke={colourOf(gpuType)}
                />
              ))}
              {points.map((point) => (
                <circle
                  key={point.pool}
                  className={point === read ? 'pool-dot read' : 'pool-dot'}
                  cx={x(point.density)}
                  cy={y(Math.min(point.perUserHour, y.domain()[1] ?? Infinity))}
                  r={radius(point.userHours)}
                  fill={colourOf(point.gpuType)}
                  onPointerEnter={() => cursor.go(leftToRight.indexOf(point))}
                  onPointerLeave={cursor.clear}
                />
              ))}
            </>
          );
        }}
      </Frame>
      <Legend
        of={
          read === undefined
            ? 'A GPU-hour comes to'
            : `${read.pool}, ${read.density.toFixed(2)} of ${countText(read.slotsPerGpu)} slots`
        }
        isSpoken={cursor.isByKeys}
        items={
          read === undefined
            ? types.map((gpuType) => ({
                key: gpuType,
                label: gpuType,
                colour: colourOf(gpuType),
                value: moneyText(prices.get(gpuType) ?? 0, currency),
              }))
            : [
                {
                  key: read.pool,
                  label: 'A user-hour',
                  colour: colourOf(read.gpuType),
                  value: moneyText(read.perUserHour, currency),
                },
              ]
        }
      />
    </>
  );
}

const MARGIN = { top: 10, right: 16, bottom: 48, left: 58 };

function scalesOf(points: readonly DensityPoint[], band: Band, { width, height }: Inner) {
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const densest = most(points.map(({ density, slotsPerGpu }) => Math.max(density, slotsPerGpu)));
  const dearest = Math.max(
    band.high * 1.25,
    Math.min(band.high * 3, most(points.map(({ perUserHour }) => perUserHour))),
  );
  return {
    x: scaleLinear({ domain: [0, densest * 1.05], range: [0, width] }),
    y: scaleLinear({ domain: [0, dearest * 1.05], range: [height, 0], clamp: true }),
    radius: scaleSqrt({ domain: [0, most(points.map(({ userHours }) => userHours))], range: [4, 15] }),
  };
}
