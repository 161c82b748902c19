import { createLogger, onShutdown, runProcess } from '@meridian/telemetry';
import { readConfig } from './config.ts';
import { startWorker } from './worker.ts';

const logger = createLogger('worker', { region: process.env['REGION'], workerId: process.env['WORKER_ID'] });

runProcess(logger, async () => {
  const worker = await startWorker(readConfig(), logger);
  onShutdown(logger, () => worker.close());
});
