import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A sentence of the contract, word for word. */
export interface Sentence {
  /** Seen from the repository's root. */
  readonly file: string;
  readonly text: string;
}

const ROOT = path.resolve(import.meta.dirname, '../../../..');

/** `FILE:LINE` of a sentence, whatever its line breaks and comment marks; undefined when it is not there. */
export function placeOf({ file, text }: Sentence): string | undefined {
  if (!existsSync(path.join(ROOT, file))) return undefined;
  const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n').map(wordsOf);
  const at = lines.join(' ').indexOf(text);
  if (at < 0) return undefined;
  let end = 0;
  const line = lines.findIndex((words) => (end += words.length + 1) > at);
  return `${file}:${line + 1}`;
}

const wordsOf = (line: string): string =>
  line
    .replace(/^\s*\/\//, '')
    .trim()
    .replaceAll(/\s+/g, ' ');
