import { describe, expect, it } from '@jest/globals';
import { judge } from './audit-check.ts';

const report = (severity: string, fixAvailable: unknown) =>
  JSON.stringify({ vulnerabilities: { left: { name: 'left', severity, fixAvailable } } });

describe('npm audit', () => {
  it.each([
    ['high with a fix', report('high', true), 1],
    ['critical with a fix that is a new major', report('critical', { isSemVerMajor: true }), 1],
    ['high without a fix', report('high', false), 0],
    ['moderate', report('moderate', true), 0],
    ['nothing known', JSON.stringify({ vulnerabilities: {} }), 0],
  ])('%s', (_name, json, failures) => {
    expect(judge(json).failed).toBe(failures);
  });

  it.each([
    ['no answer', ''],
    ['an error', JSON.stringify({ error: { code: 'ENOTFOUND' } })],
  ])('warns on %s', (_name, json) => {
    expect(judge(json)).toMatchObject({ passed: 1, failed: 0, output: expect.stringContaining('could not') });
  });
});
