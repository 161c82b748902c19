import { describe, expect, it } from '@jest/globals';
import { lastWords } from './last-words.ts';

describe('the last words of a process', () => {
  it('are those of the newest error', () => {
    const log = [
      'SyntaxError: an older one',
      JSON.stringify({ level: 'fatal', msg: 'ended by an error', err: { message: 'no such table' } }),
      JSON.stringify({ level: 'info', msg: 'shutting down' }),
    ];
    expect(lastWords(log.join('\n'))).toBe('ended by an error: no such table');
  });

  it('are found behind a stack', () => {
    const log = ['file.js:5', 'SyntaxError: no export named x', '    at main', '', 'Node.js v24', ''];
    expect(lastWords(log.join('\n'))).toBe('SyntaxError: no export named x');
  });

  it('are its last lines when it named no error', () => {
    expect(lastWords('one\ntwo\n')).toBe('one\ntwo');
  });
});
