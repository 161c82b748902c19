// Charts as SVG text: lines, steps and bars in a frame with axes. Nothing more is needed here.

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [number, number])[];
  readonly dashed?: boolean;
  /** The area below is filled. */
  readonly filled?: boolean;
}

export interface Frame {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  /** Where the names of the lines stand: in a row above the chart, or inside it at the bottom right. */
  readonly legend: 'above' | 'inside';
  /** A vertical line with a word. */
  readonly mark?: { readonly x: number; readonly label: string };
}

export interface Bar {
  readonly label: string;
  readonly color: string;
  /** In [0, 1]. */
  readonly share: number;
}

/** One chart's place on the page, px. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const COLORS = [
  '#1f5fa8',
  '#c8501e',
  '#2d8a4e',
  '#8a4fa8',
  '#a8871f',
  '#4f9da8',
  '#a84f6b',
  '#6b6b6b',
] as const;

export const colorOf = (index: number): string => COLORS[index % COLORS.length] ?? COLORS[0];

/** Tallest bar with the room around it, px. */
const BAR_MAX = 44;
const MARGIN = { left: 52, right: 12, top: 28, bottom: 40 };

export function page(width: number, height: number, title: string, charts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(width / 2, 22, title, { size: 15 }),
    ...charts,
    '</svg>',
    '',
  ].join('\n');
}

/** Lines over a continuous x. */
export function lineChart(box: Box, frame: Frame, lines: readonly Line[]): string {
  const plot = inner(box);
  const x = scale(frame.xRange, plot.x, plot.x + plot.width);
  const y = scale(frame.yRange, plot.y + plot.height, plot.y);
  const mark = frame.mark && [
    `<path d="M${px(x(frame.mark.x))} ${plot.y}V${plot.y + plot.height}" stroke="#c33" stroke-dasharray="3 3"/>`,
    text(x(frame.mark.x) - 4, plot.y + plot.height - 6, frame.mark.label, { anchor: 'end', color: '#c33' }),
  ];
  return [
    axes(box, frame, x, y),
    ...lines.flatMap((line) => drawn(line, x, y, plot)),
    ...(mark ?? []),
    ...lines.map((line, i) =>
      frame.legend === 'above'
        ? legend(plot.x + plot.width - 90 * (lines.length - i), plot.y - 12, line)
        : legend(plot.x + plot.width - 150, plot.y + plot.height - 10 - 14 * (lines.length - i), line),
    ),
  ].join('\n');
}

/** One bar a label, with its share written beside it. */
export function barChart(box: Box, title: string, bars: readonly Bar[]): string {
  const rows = bars.map(({ label, color, share }, i) => {
    const step = Math.min(BAR_MAX, (box.height - MARGIN.top - 10) / Math.max(1, bars.length));
    const y = box.y + MARGIN.top + step * i;
    const left = box.x + 150;
    const width = (box.width - 150 - 60) * Math.max(0, Math.min(1, share));
    const middle = y + step / 2 + 4;
    return [
      text(left - 6, middle, label, { anchor: 'end' }),
      `<rect x="${px(left)}" y="${px(y + step * 0.15)}" width="${px(width)}" height="${px(step * 0.7)}" fill="${color}"/>`,
      text(left + width + 6, middle, `${(100 * share).toFixed(1)} %`, { anchor: 'start' }),
    ].join('\n');
  });
  return [text(box.x + box.width / 2, box.y + 16, title, { size: 13 }), ...rows].join('\n');
}

type Scale = (value: number) => number;

const inner = ({ x, y, width, height }: Box): Box => ({
  x: x + MARGIN.left,
  y: y + MARGIN.top,
  width: width - MARGIN.left - MARGIN.right,
  height: height - MARGIN.top - MARGIN.bottom,
});

const scale =
  ([low, high]: readonly [number, number], from: number, to: number): Scale =>
  (value) =>
    from + ((Math.max(low, Math.min(high, value)) - low) / (high - low || 1)) * (to - from);

function drawn({ points, color, dashed, filled }: Line, x: Scale, y: Scale, plot: Box): readonly string[] {
  const path = points.map(([atX, atY]) => `${px(x(atX))},${px(y(atY))}`);
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return [];
  const bottom = px(plot.y + plot.height);
  const area = `${px(x(first[0]))},${bottom} ${path.join(' ')} ${px(x(last[0]))},${bottom}`;
  return [
    ...(filled ? [`<polygon points="${area}" fill="${color}" fill-opacity="0.25"/>`] : []),
    `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"${dashed ? ' stroke-dasharray="5 3"' : ''}/>`,
  ];
}

function axes(box: Box, frame: Frame, x: Scale, y: Scale): string {
  const plot = inner(box);
  const bottom = plot.y + plot.height;
  return [
    text(box.x + box.width / 2, box.y + 16, frame.title, { size: 13 }),
    `<path d="M${plot.x} ${plot.y}V${bottom}H${plot.x + plot.width}" fill="none" stroke="#888"/>`,
    ...ticks(frame.yRange).flatMap((value) => [
      `<path d="M${plot.x} ${px(y(value))}H${plot.x + plot.width}" stroke="#ddd" stroke-width="0.5"/>`,
      text(plot.x - 6, y(value) + 4, label(value), { anchor: 'end' }),
    ]),
    ...ticks(frame.xRange).map((value) => text(x(value), bottom + 15, label(value))),
    text(plot.x + plot.width / 2, bottom + 32, frame.xLabel),
    text(box.x + 4, plot.y - 8, frame.yLabel, { anchor: 'start', color: '#555' }),
  ].join('\n');
}

const legend = (x: number, y: number, { label: words, color, dashed }: Line): string =>
  `<path d="M${px(x)} ${px(y)}h16" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 3"' : ''}/>` +
  text(x + 20, y + 4, words, { anchor: 'start' });

/** Round numbers over a range, about five of them. */
function ticks([low, high]: readonly [number, number]): readonly number[] {
  const raw = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

const label = (value: number): string => String(Math.round(value * 1_000) / 1_000);

const px = (value: number): string => value.toFixed(1);

function text(
  x: number,
  y: number,
  words: string,
  { anchor = 'middle', size = 11, color = '#222' }: { anchor?: string; size?: number; color?: string } = {},
): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" font-size="${size}" fill="${color}">${escaped}</text>`;
}
