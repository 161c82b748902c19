// The worker as it is started, from its main.ts, with a real model: it keeps to the contract.
import { expect, it, jest } from '@jest/globals';
import { runConformance } from '@meridian/conformance';
import { writeTinyModel } from '@meridian/world-model/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

jest.setTimeout(300_000);

/** Node runs the sources by stripping their types, as tests do: nothing here needs a build. */
const NODE = `"${process.execPath}" --experimental-transform-types --disable-warning=ExperimentalWarning --conditions=@meridian/source`;
const MAIN = path.join(import.meta.dirname, 'main.ts');

it('passes the conformance suite', async () => {
  const modelDir = await mkdtemp(path.join(tmpdir(), 'meridian-conformance-'));
  await writeTinyModel(modelDir);
  try {
    const report = await runConformance({
      command: `${NODE} "${MAIN}"`,
      env: { MODEL_DIR: modelDir, SLOTS: '2', LOG_LEVEL: 'silent', UV_THREADPOOL_SIZE: '2' },
      heartbeatMs: 100,
      seconds: 2,
      slowReaderMs: 2_000,
    });
    expect(report.cases.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(report.passed).toBe(report.cases.length);
  } finally {
    await rm(modelDir, { recursive: true });
  }
});
