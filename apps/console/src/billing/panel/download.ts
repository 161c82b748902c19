import { askForFile } from '../api/ask.ts';
import { csvOf } from '../views/csv.ts';
import type { Table } from './table.ts';

/** Where a panel's CSV comes from: the API where it writes the same, else the panel's own table. */
export type CsvSource = { readonly address: string } | { readonly table: Table };

export async function downloadCsv(name: string, source: CsvSource, adminKey: string): Promise<void> {
  save(
    `${name}.csv`,
    'address' in source ? await askForFile(source.address, { adminKey }) : blobOf(source.table),
  );
}

function blobOf({ columns, rows }: Table): Blob {
  const text = csvOf(
    columns.map(({ head }) => head),
    rows.map((row) => row.map(({ value }) => value)),
  );
  return new Blob([text], { type: 'text/csv' });
}

function save(name: string, file: Blob): void {
  const href = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href, download: name });
  link.click();
  // The browser takes the file in its own time; the address must outlive the click.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
