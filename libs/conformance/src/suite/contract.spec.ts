import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CASES } from '../cases/index.ts';
import { caseTable } from './case-table.ts';
import { CONTRACT } from './contract.ts';
import { placeOf } from './sentence.ts';

describe('the contract', () => {
  it.each(Object.entries(CONTRACT))('still says: %s', (_, sentence) => {
    expect(placeOf(sentence)).toMatch(/:\d+$/);
  });

  it('is quoted word for word: another text is not found', () => {
    const { file, text } = CONTRACT.newest;
    expect(placeOf({ file, text: `${text} Never.` })).toBeUndefined();
  });
});

describe('the cases', () => {
  it('are the table of the README', () => {
    const readme = readFileSync(path.join(import.meta.dirname, '../../README.md'), 'utf8');
    expect(readme).toContain(caseTable(CASES));
  });

  it('have ids of their own', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  });
});
