import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { differences } from './drift-checks.ts';

describe('differences', () => {
  let folder = '';
  const place = (name: string) => path.join(folder, name);
  const write = (name: string, content: string) => {
    mkdirSync(path.dirname(place(name)), { recursive: true });
    writeFileSync(place(name), content);
  };
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'drift-spec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('names what is changed, missing and too much, at any depth', () => {
    write('committed/same.ts', 'a');
    write('made/same.ts', 'a');
    write('committed/deep/changed.ts', 'a');
    write('made/deep/changed.ts', 'b');
    write('committed/gone.ts', 'a');
    write('made/new.ts', 'a');
    expect(differences(place('committed'), place('made'))).toEqual(['deep/changed.ts', 'gone.ts', 'new.ts']);
  });

  it('compares single files', () => {
    write('committed.json', '1');
    write('made.json', '2');
    expect(differences(place('committed.json'), place('made.json'))).toEqual(['committed.json']);
    expect(differences(place('committed.json'), place('committed.json'))).toEqual([]);
  });
});
