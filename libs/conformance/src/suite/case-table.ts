import type { Case } from './case.ts';

/** The README's table of the cases, laid out as prettier does. */
export function caseTable(cases: readonly Case[]): string {
  const rows = [['case', 'what it proves'], ...cases.map(({ id, proves }) => [`\`${id}\``, proves])];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0, fill)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(['', ''], '-'), ...body.map((row) => line(row))].join('\n');
}
