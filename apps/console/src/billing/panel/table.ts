import type { CsvValue } from '../views/csv.ts';

export interface Column<Row> {
  readonly head: string;
  /** As people read it. */
  readonly text: (row: Row) => string;
  /** As a file holds it; the text when absent. */
  readonly value?: (row: Row) => CsvValue;
  readonly isNumber?: boolean;
}

export interface Cell {
  readonly text: string;
  readonly value: CsvValue;
}

/** What a chart shows, as rows. */
export interface Table {
  readonly columns: readonly { readonly head: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly Cell[])[];
}

export const tableOf = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Table => ({
  columns: columns.map(({ head, isNumber = false }) => ({ head, isNumber })),
  rows: rows.map((row) =>
    columns.map(({ text, value }) => ({
      text: text(row),
      value: value === undefined ? text(row) : value(row),
    })),
  ),
});
