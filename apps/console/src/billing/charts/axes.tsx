import type { ReactNode } from 'react';

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Hairlines across the plot and what they stand for. */
export function YAxis({ ticks, width }: { ticks: readonly Tick[]; width: number }) {
  return (
    <g className="axis">
      {ticks.map(({ at, text }) => (
        <g key={text} transform={`translate(0 ${at})`}>
          <line x2={width} className="grid-line" />
          <text x={-10} dy="0.32em" textAnchor="end">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

export function XAxis({ ticks, y, title }: { ticks: readonly Tick[]; y: number; title?: ReactNode }) {
  return (
    <g className="axis" transform={`translate(0 ${y})`}>
      {ticks.map(({ at, text }) => (
        <text key={at} x={at} y={20} textAnchor="middle">
          {text}
        </text>
      ))}
      {title}
    </g>
  );
}
