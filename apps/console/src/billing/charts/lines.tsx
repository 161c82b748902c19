import { LinePath } from '@visx/shape';
import type { Places } from './time-plot.tsx';

interface LineProps {
  readonly values: readonly (number | null)[];
  readonly places: Places;
  readonly colour: string;
  readonly isStrong?: boolean;
  /** The bucket under the cursor gets a dot. */
  readonly marked: number | undefined;
  /** The last bucket still fills, so that the way to it is dashed. */
  readonly isRunning?: boolean;
}

/** A line with a gap where there is no value; a value alone between gaps is a dot. */
export function Line({ values, places, colour, isStrong = false, marked, isRunning = false }: LineProps) {
  const points = values.map((value, index) => ({ value, index }));
  const value = marked === undefined ? null : (values[marked] ?? null);
  return (
    <g className={isStrong ? 'line strong' : 'line'}>
      <Stroke points={isRunning ? points.slice(0, -1) : points} places={places} colour={colour} />
      {isRunning && <Stroke points={points.slice(-2)} places={places} colour={colour} isDashed />}
      {points
        .filter(({ index }) => isAlone(values, index))
        .map(({ value: alone, index }) => (
          <circle key={index} cx={places.x(index)} cy={places.y(alone ?? 0)} r={2.5} fill={colour} />
        ))}
      {marked !== undefined && value !== null && (
        <circle className="mark" cx={places.x(marked)} cy={places.y(value)} r={4.5} fill={colour} />
      )}
    </g>
  );
}

interface StrokeProps {
  readonly points: readonly { readonly value: number | null; readonly index: number }[];
  readonly places: Places;
  readonly colour: string;
  readonly isDashed?: boolean;
}

const Stroke = ({ points, places, colour, isDashed = false }: StrokeProps) => (
  <LinePath
    data={[...points]}
    x={({ index }) => places.x(index)}
    y={({ value }) => places.y(value ?? 0)}
    defined={({ value }) => value !== null}
    stroke={colour}
    {...(isDashed && { strokeDasharray: '2 5' })}
  />
);

const isAlone = (values: readonly (number | null)[], index: number): boolean =>
  values[index] !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
