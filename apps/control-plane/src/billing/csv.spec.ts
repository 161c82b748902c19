import { describe, expect, it } from '@jest/globals';
import { columnsOf, csvCell, csvLines, flatten, type CsvRow } from './csv.ts';

describe('csvCell', () => {
  it.each([
    ['=HYPERLINK("http://evil")', `"'=HYPERLINK(""http://evil"")"`],
    ['+1+1', `'+1+1`],
    ['-2+3', `'-2+3`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\tx', `'\tx`],
    ['-120000000', '-120000000'],
    ['-1.5', '-1.5'],
    [-3n, '-3'],
    [1e-9, '1e-9'],
    [0, '0'],
    [false, 'false'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    [null, ''],
    [undefined, ''],
  ])('writes %j as %j', (value, text) => expect(csvCell(value)).toBe(text));
});

it('writes a header and a line for each row as it comes', async () => {
  const taken: string[] = [];
  async function* rows(): AsyncGenerator<CsvRow> {
    for (const a of [1, 2]) {
      taken.push(`row ${a}`);
      yield { a };
    }
  }
  const lines = csvLines(['a', 'b'], rows());
  expect((await lines.next()).value).toBe('a,b\r\n');
  expect(taken).toEqual([]);
  expect((await lines.next()).value).toBe('1,\r\n');
  expect(taken).toEqual(['row 1']);
  expect((await lines.next()).value).toBe('2,\r\n');
});

it('gives what is within a field a column of its own', () => {
  const row = flatten({ from: 'x', idle: { booting: { ms: 1, nano: '2' } }, events: ['a', 'b'], none: null });
  expect(row).toEqual({
    from: 'x',
    'idle.booting.ms': 1,
    'idle.booting.nano': '2',
    events: 'a b',
    none: null,
  });
  expect(columnsOf([{ a: 1 }, { b: 2, a: 3 }])).toEqual(['a', 'b']);
});
