import './v8-flags.ts';
import { createLogger, onShutdown, runProcess } from '@meridian/telemetry';
import { readConfig } from './config.ts';
import { startGateway } from './gateway.ts';

const logger = createLogger('gateway', { region: process.env['REGION'] });

runProcess(logger, async () => {
  const gateway = await startGateway(readConfig(), logger);
  onShutdown(logger, () => gateway.close());
});
