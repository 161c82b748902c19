import { describe, expect, it } from '@jest/globals';
import { mustRun, runCommand } from './run-command.ts';

const sh = (script: string) => ['/bin/sh', ['-c', script]] as const;

describe('a command', () => {
  it('answers with its code and what it said', async () => {
    const result = await runCommand(...sh('echo out; echo err >&2; exit 3'));
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(result.output).toContain('err');
  });

  it('that does not exist has code 127', async () => {
    expect(await runCommand('/no/such/program', [])).toMatchObject({ code: 127 });
  });

  it('that must succeed ends with a sentence and its last lines', async () => {
    await expect(mustRun('It broke:', ...sh('echo why; exit 1'))).rejects.toThrow('It broke:\nwhy');
  });

  it('on a full disk says so', async () => {
    const full = sh('echo "write failed: No space left on device"; exit 1');
    await expect(mustRun('It broke:', ...full)).rejects.toThrow('The disk is full');
  });
});
