import { expect, it } from '@jest/globals';
import { wantsCsv } from './answer-table.ts';

it.each([
  ['csv', undefined, true],
  ['json', 'text/csv', false],
  [undefined, 'text/csv', true],
  [undefined, undefined, false],
  [undefined, '*/*', false],
  [undefined, 'application/json', false],
  [undefined, 'application/json, text/csv', false],
  [undefined, 'text/csv, application/json;q=0.5', true],
  [undefined, 'text/csv;q=0.2, application/json;q=0.5', false],
  [undefined, 'text/csv;q=0', false],
] as const)('format %j and Accept %j: CSV %j', (format, accept, csv) => {
  expect(wantsCsv(format, accept)).toBe(csv);
});
