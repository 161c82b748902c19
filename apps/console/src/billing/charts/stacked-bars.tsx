import { Area, Bar } from '@visx/shape';
import { useId } from 'react';
import type { Piece } from '../views/stack.ts';
import type { Places } from './time-plot.tsx';

export interface StackLayer {
  readonly key: string;
  readonly colour: string;
  readonly striped?: boolean;
  readonly pieces: readonly Piece[];
}

/** Bars narrower than this run into each other and are drawn as one stepped area. */
const LEAST_BAR_PX = 4;
const GAP_SHARE = 0.22;

export function StackedBars({ layers, places }: { layers: readonly StackLayer[]; places: Places }) {
  const id = useId();
  return (
    <>
      <defs>
        {layers
          .filter(({ striped }) => striped)
          .map(({ key, colour }) => (
            <pattern
              key={key}
              id={`${id}${key}`}
              width="5"
              height="5"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="5" height="5" className="stripe-gap" />
              <rect width="2.5" height="5" fill={colour} />
            </pattern>
          ))}
      </defs>
      {layers.map(({ key, colour, striped, pieces }) => {
        const fill = striped ? `url(#${id}${key})` : colour;
        return places.step < LEAST_BAR_PX ? (
          <SteppedArea key={key} pieces={pieces} places={places} fill={fill} />
        ) : (
          <Bars key={key} pieces={pieces} places={places} fill={fill} />
        );
      })}
    </>
  );
}

interface LayerProps {
  readonly pieces: readonly Piece[];
  readonly places: Places;
  readonly fill: string;
}

function Bars({ pieces, places, fill }: LayerProps) {
  const { step, x, y } = places;
  const width = step * (1 - GAP_SHARE);
  return pieces.map(([from, to], i) => (
    <Bar
      key={i}
      x={x(i) - width / 2}
      y={y(to)}
      width={width}
      height={Math.max(0, y(from) - y(to))}
      fill={fill}
    />
  ));
}

function SteppedArea({ pieces, places, fill }: LayerProps) {
  const corners = pieces.flatMap((piece, i) => [
    { x: i * places.step, piece },
    { x: (i + 1) * places.step, piece },
  ]);
  return (
    <Area
      data={corners}
      x={(corner) => corner.x}
      y0={({ piece }) => places.y(piece[0])}
      y1={({ piece }) => places.y(piece[1])}
      fill={fill}
    />
  );
}
