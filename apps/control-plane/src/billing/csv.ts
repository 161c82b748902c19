// CSV (RFC 4180) that is safe to open in a spreadsheet: text that a spreadsheet would take for a formula is led by an
// apostrophe. Rows are written as they come, so that an export never lies in memory as a whole.
export type Cell = string | number | bigint | boolean | null | undefined;
export type CsvRow = Readonly<Record<string, Cell>>;

const NUMBER = /^-?\d+(\.\d+)?(e[+-]\d+)?$/;
const FORMULA = /^[=+\-@\t\r]/;

export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/** A header, then a line for each row, with the columns in their order whatever a row leaves out. */
export async function* csvLines(
  columns: readonly string[],
  rows: Iterable<CsvRow> | AsyncIterable<CsvRow>,
): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const row of rows) yield csvLine(columns.map((column) => row[column]));
}

/** Columns of rows that need not all have the same, in the order in which they first come. */
export const columnsOf = (rows: readonly CsvRow[]): readonly string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row))),
];

/** What a table's fields hold within each other gets a column of its own: `idle.booting.nano`. */
export function flatten(value: object, prefix = ''): CsvRow {
  const cells = Object.entries(value).flatMap(([name, field]): [string, Cell][] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (Array.isArray(field)) return [[path, field.map(String).join(' ')]];
    if (typeof field === 'object' && field !== null) return Object.entries(flatten(field, path));
    return [[path, field as Cell]];
  });
  return Object.fromEntries(cells);
}
