import { createLogger, onShutdown, runProcess } from '@meridian/telemetry';
import { readConfig } from './config.ts';
import { startWorker } from './worker.ts';

const logger = createLogger('worker', { region: process.env['REGION'], workerId: process.env['WORKER_ID'] });

/** For last words and what is let go of. */
const CLOSE_MS_MAX = 5_000;

runProcess(logger, async () => {
  const config = readConfig();
  const worker = await startWorker(config, logger);
  onShutdown(logger, () => worker.close(), config.DRAIN_MS + CLOSE_MS_MAX);
});
