import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { milliseconds, portNumber, readEnv, secretText } from './env.ts';

const schema = z.object({
  PORT: portNumber.default(4400),
  IDLE_MS: milliseconds.default(300_000),
  ADMIN_KEY: secretText,
});
const adminKey = 'a'.repeat(32);

describe('readEnv', () => {
  it('reads typed values with defaults, and takes empty variables as absent', () => {
    expect(readEnv(schema, { PORT: '8080', IDLE_MS: '', ADMIN_KEY: adminKey })).toEqual({
      PORT: 8080,
      IDLE_MS: 300_000,
      ADMIN_KEY: adminKey,
    });
  });

  it.each([
    [
      { ADMIN_KEY: adminKey, PORT: 'abc' },
      'PORT is "abc"; set it to a port number from 1 to 65535, or 0 for any free one.',
    ],
    [{}, 'ADMIN_KEY is not set; set it to a secret of at least 32 characters.'],
    [{ ADMIN_KEY: 'short' }, 'ADMIN_KEY is not valid; set it to a secret of at least 32 characters.'],
    [
      { PORT: '99999', IDLE_MS: '-1', ADMIN_KEY: adminKey },
      'PORT is "99999"; set it to a port number from 1 to 65535, or 0 for any free one (also wrong: IDLE_MS).',
    ],
  ])('says in one sentence what to set: %j', (env, sentence) => {
    expect(() => readEnv(schema, env)).toThrow(sentence);
  });
});
