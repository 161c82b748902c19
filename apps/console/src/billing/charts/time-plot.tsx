import { scaleLinear } from '@visx/scale';
import type { ReactNode } from 'react';
import { tickStep } from '../views/stack.ts';
import { tickText, type Interval } from '../words/time.ts';
import { XAxis, YAxis } from './axes.tsx';
import { Frame } from './frame.tsx';
import type { Cursor } from './use-cursor.ts';

/** Where things are in a plot over time. */
export interface Places {
  readonly width: number;
  readonly height: number;
  /** Width of one bucket. */
  readonly step: number;
  /** Middle of a bucket. */
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
}

interface TimePlotProps {
  readonly sentence: string;
  readonly heightPx: number;
  readonly startsMs: readonly number[];
  readonly interval: Interval;
  readonly timeZone: string;
  readonly greatest: number;
  readonly yText: (value: number) => string;
  readonly cursor: Cursor;
  readonly children: (places: Places) => ReactNode;
}

const TICK_PX = 76;

/** Buckets from left to right, all as wide, with a cursor over them. */
export function TimePlot(props: TimePlotProps) {
  const { sentence, heightPx, startsMs, interval, timeZone, greatest, yText, cursor, children } = props;
  return (
    <Frame sentence={sentence} heightPx={heightPx} onKeyDown={cursor.onKeyDown} onBlur={cursor.clear}>
      {({ width, height }) => {
        const scale = scaleLinear({ domain: [0, greatest || 1], range: [height, 0], nice: 4, clamp: true });
        const step = width / Math.max(1, startsMs.length);
        const every = tickStep(startsMs.length, width, TICK_PX);
        const places = { width, height, step, x: (i: number) => (i + 0.5) * step, y: scale };
        const xTicks = startsMs.flatMap((ms, i) =>
          i % every === 0 ? [{ at: places.x(i), text: tickText(ms, interval, timeZone) }] : [],
        );
        const yTicks = scale.ticks(4).map((value) => ({ at: scale(value), text: yText(value) }));
        return (
          <>
            <YAxis ticks={yTicks} width={width} />
            <XAxis ticks={xTicks} y={height} />
            {children(places)}
            {cursor.index !== undefined && <CursorLine x={places.x(cursor.index)} height={height} />}
            <rect
              className="hit"
              width={width}
              height={height}
              onPointerMove={(event) => cursor.onPointerMove(event, width)}
              onPointerDown={(event) => cursor.onPointerMove(event, width)}
              onPointerLeave={cursor.clear}
            />
          </>
        );
      }}
    </Frame>
  );
}

const CursorLine = ({ x, height }: { x: number; height: number }) => (
  <line className="cursor-line" x1={x} x2={x} y2={height} />
);
