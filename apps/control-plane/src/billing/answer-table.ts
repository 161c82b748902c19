// Every table is answered as JSON, or as CSV when the query or the Accept header asks for it.
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { columnsOf, csvLines, flatten, type CsvRow } from './csv.ts';

export type Format = 'json' | 'csv' | undefined;

/** The query's word stands; else the type that the Accept header likes better, JSON when it likes both alike. */
export function wantsCsv(format: Format, accept: string | undefined): boolean {
  if (format !== undefined) return format === 'csv';
  const weightOf = (...types: readonly string[]) =>
    Math.max(
      0,
      ...(accept ?? '').split(',').flatMap((part) => {
        const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
        const q = parameters.find((text) => text.startsWith('q='))?.slice(2);
        return types.includes(type) ? [q === undefined ? 1 : Number(q) || 0] : [];
      }),
    );
  return weightOf('text/csv') > weightOf('application/json', 'application/*', '*/*');
}

/** @param name of the file that a browser keeps, without its ending */
export function csvFile(
  name: string,
  columns: readonly string[],
  rows: Iterable<CsvRow> | AsyncIterable<CsvRow>,
): StreamableFile {
  return new StreamableFile(Readable.from(csvLines(columns, rows)), {
    type: 'text/csv; charset=utf-8',
    disposition: `attachment; filename="${name}.csv"`,
  });
}

export interface Asked {
  readonly format?: Format;
  readonly accept: string | undefined;
}

/** `json`, or its rows as CSV. */
export function answerTable<Answer extends object>(
  { format, accept }: Asked,
  name: string,
  json: Answer,
  rows: readonly object[],
): Answer | StreamableFile {
  if (!wantsCsv(format, accept)) return json;
  const flat = rows.map((row) => flatten(row));
  return csvFile(name, columnsOf(flat), flat);
}
