import { cpus } from 'node:os';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Least and greatest of the repeats, in `unit`. */
  readonly spread?: readonly [number, number];
  /** The same of another program, measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** What the figure has to reach, in `unit`. */
  readonly bar?: { readonly min?: number; readonly max?: number };
}

/** What `./meridian bench NAME --json` prints. */
export interface BenchResult {
  readonly bench: string;
  readonly machine: string;
  readonly figures: readonly Figure[];
  /** What these figures do not say. */
  readonly notShown: readonly string[];
  /** More for a person to read: a table, a formula, where a file was written. */
  readonly text?: string;
}

export function holds({ value, bar }: Figure): boolean {
  if (bar === undefined) return true;
  return value >= (bar.min ?? -Infinity) && value <= (bar.max ?? Infinity);
}

export function machineText(): string {
  const [first] = cpus();
  return `${cpus().length} x ${first?.model ?? process.arch}, ${process.platform}, Node ${process.versions.node}`;
}

export function tableOf({ bench, machine, figures, notShown, text }: BenchResult): string {
  const rows = figures.map((figure) => {
    const { name, value, unit, spread, peer } = figure;
    return [
      name,
      `${round(value)} ${unit}`,
      spread ? `${round(spread[0])} to ${round(spread[1])}` : '',
      peer ? `${peer.name} ${round(peer.value)}` : '',
      barText(figure),
    ];
  });
  const missing = notShown.map((each) => `  not shown: ${each}`);
  const more = text === undefined ? [] : [text];
  return [`${bench} on ${machine}`, ...aligned(rows), ...missing, ...more, ''].join('\n');
}

/** Rows as indented lines, each column as wide as its widest cell. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

function barText(figure: Figure): string {
  const { bar } = figure;
  if (bar === undefined) return '';
  const least = bar.min === undefined ? [] : [`at least ${bar.min}`];
  const most = bar.max === undefined ? [] : [`at most ${bar.max}`];
  return `${[...least, ...most].join(', ')}: ${holds(figure) ? 'holds' : 'MISSED'}`;
}

/** Four digits, and at least two after the point of large ones. */
export const round = (value: number): number =>
  Math.abs(value) < 100 ? Number(value.toPrecision(4)) : Math.round(value * 100) / 100;
