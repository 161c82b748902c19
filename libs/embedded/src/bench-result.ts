import { cpus } from 'node:os';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Least and greatest of the repeats, in `unit`. */
  readonly spread?: readonly [number, number];
  /** The same of another program, measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
}

/** What `./meridian bench NAME --json` prints. */
export interface BenchResult {
  readonly bench: string;
  readonly machine: string;
  readonly figures: readonly Figure[];
  /** What these figures do not say. */
  readonly notShown: readonly string[];
}

export function machineText(): string {
  const [first] = cpus();
  return `${cpus().length} x ${first?.model ?? process.arch}, ${process.platform}, Node ${process.versions.node}`;
}

export function tableOf({ bench, machine, figures, notShown }: BenchResult): string {
  const rows = figures.map(({ name, value, unit, spread, peer }) => [
    name,
    `${round(value)} ${unit}`,
    spread ? `${round(spread[0])} to ${round(spread[1])}` : '',
    peer ? `${peer.name} ${round(peer.value)}` : '',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map(
    (row) =>
      `  ${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()}`,
  );
  const missing = notShown.map((each) => `  not shown: ${each}`);
  return [`${bench} on ${machine}`, ...lines, ...missing, ''].join('\n');
}

export const round = (value: number): number => Math.round(value * 100) / 100;
