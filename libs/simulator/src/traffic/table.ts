// CSV with a header row. What cannot be read is named by file, line and column, with what was expected there.
import { CsvError, parse } from 'csv-parse/sync';

/** A file that a user gave and that cannot be read; the message says where and what to put there. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

export interface TextFile {
  readonly file: string;
  readonly text: string;
}

/** One row; columns by the names of the header, in whatever order they came. */
export interface Row {
  /** The cell's text, trimmed. @throws BadInput when it is empty */
  text(column: string): string;
  textOr(column: string, otherwise: string): string;
  /** @throws BadInput when it is not a number in [min, max] */
  number(column: string, min?: number, max?: number): number;
  /** As `number`, and `otherwise` where the column or the cell is missing. */
  numberOr<T>(column: string, otherwise: T, min?: number): number | T;
  /** Something else is wrong with the cell. */
  wrong(column: string, expected: string): BadInput;
}

/** @throws BadInput when a column is missing or the text is not CSV */
export function readTable({ file, text }: TextFile, needed: readonly string[]): readonly Row[] {
  const [header, ...records] = readCells({ file, text });
  if (!header) throw new BadInput(`${file} is empty; its first line names the columns: ${needed.join(',')}.`);
  const names = header.cells.map((name) => name.toLowerCase());
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const found = names.join(',');
    throw new BadInput(
      `${file}, line ${header.line}: no column "${missing.join('", "')}"; expected ${needed.join(',')}, found ${found}.`,
    );
  }
  if (records.length === 0) throw new BadInput(`${file} has no row below its header; give at least one.`);
  return records.map((record) => rowOf(file, names, record));
}

/** Cells of every line that is not blank, with the number of the line. */
export function readCells({ file, text }: TextFile): readonly Cells[] {
  try {
    const records = parse(text, { ...CSV_OPTIONS, info: true }) as unknown as readonly {
      readonly record: readonly string[];
      readonly info: { readonly lines: number };
    }[];
    return records.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new BadInput(`${file} is not CSV: ${error.message}.`);
  }
}

export interface Cells {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A row may be too short or too long: what is missing is named by its column. */
const CSV_OPTIONS = { bom: true, trim: true, skip_empty_lines: true, relax_column_count: true } as const;

function rowOf(file: string, names: readonly string[], { cells, line }: Cells): Row {
  const cellOf = (column: string): string => cells[names.indexOf(column)] ?? '';
  const wrong = (column: string, expected: string): BadInput => {
    const found = cellOf(column) === '' ? 'nothing' : `"${cellOf(column)}"`;
    return new BadInput(`${file}, line ${line}, column ${column}: expected ${expected}, found ${found}.`);
  };
  const number = (column: string, min = -Infinity, max = Infinity): number => {
    const value = cellOf(column) === '' ? NaN : Number(cellOf(column));
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    throw wrong(column, `a number${rangeText(min, max)}`);
  };
  return {
    text(column) {
      if (cellOf(column) === '') throw wrong(column, 'a name');
      return cellOf(column);
    },
    textOr: (column, otherwise) => cellOf(column) || otherwise,
    number,
    numberOr: (column, otherwise, min) => (cellOf(column) === '' ? otherwise : number(column, min)),
    wrong,
  };
}

function rangeText(min: number, max: number): string {
  if (min === -Infinity) return '';
  return max === Infinity ? ` of at least ${min}` : ` from ${min} to ${max}`;
}
