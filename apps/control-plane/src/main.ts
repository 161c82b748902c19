import 'reflect-metadata';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { GrpcWorkerControl } from '@meridian/worker-client';
import { createLogger, onShutdown, runProcess } from '@meridian/telemetry';
import { readConfig } from './config.ts';
import { connectStores } from './connect-stores.ts';
import { startControlPlane } from './control-plane.ts';
import { createControlPlaneMetrics } from './metrics.ts';
import { logIncidents, systemClock, systemDraw } from './system.ts';

const logger = createLogger('control-plane');
// It would write to stderr beside our log; what matters reaches us as errors of calls.
setLogVerbosity(logVerbosity.NONE);

runProcess(logger, async () => {
  const config = readConfig();
  const stores = await connectStores(config, logger);
  const secrets = new Map(config.regions.map(({ id, fleetSecret }) => [id, fleetSecret]));
  const controlPlane = await startControlPlane({
    config,
    stores,
    workers: new GrpcWorkerControl({ secretOf: (region) => secrets.get(region) }),
    clock: systemClock,
    draw: systemDraw,
    incidents: logIncidents(logger, systemClock),
    metrics: createControlPlaneMetrics(),
    logger,
  });
  onShutdown(logger, () => controlPlane.close());
  const { port, grpcPort } = controlPlane;
  logger.info(
    { port, grpcPort, roles: [...config.roles], regions: config.regions.map(({ id }) => id) },
    'ready',
  );
});
