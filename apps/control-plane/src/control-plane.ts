import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Tenants } from '@meridian/application';
import { ConfigError } from '@meridian/telemetry';
import type { Outside } from './app.module.ts';
import type { FleetServer } from './fleet/fleet-server.ts';
import type { JobRunner } from './jobs/job-runner.ts';
import { seed } from './seed.ts';
import { createHttpApp } from './server.ts';
import { FLEET_SERVER, JOB_RUNNER, TENANTS, WEBHOOK_QUEUE } from './tokens.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface ControlPlane {
  readonly port: number;
  readonly grpcPort: number | undefined;
  close(): Promise<void>;
}

/** Starts the roles that the configuration names, on stores that are there already. */
export async function startControlPlane(outside: Outside): Promise<ControlPlane> {
  const { config, stores, clock } = outside;
  const { app } = await createHttpApp(outside);
  await seed(config, app.get<Tenants>(TENANTS), stores.usage, clock.nowMs());
  const fleet = config.roles.has('api') ? app.get<FleetServer>(FLEET_SERVER) : undefined;
  const jobs = config.roles.has('jobs') ? app.get<JobRunner>(JOB_RUNNER) : undefined;
  const webhooks = jobs && app.get<WebhookQueue>(WEBHOOK_QUEUE);
  const grpcPort = await fleet
    ?.listen(config.host, config.grpcPort)
    .catch(toPortError('GRPC_PORT', config.grpcPort));
  await app.listen(config.port, config.host).catch(toPortError('PORT', config.port));
  webhooks?.start();
  jobs?.start();
  return {
    port: portOf(app),
    grpcPort,
    close: async () => {
      await Promise.all([jobs?.close(), webhooks?.close()]);
      await Promise.all([fleet?.close(), app.close()]);
      await stores.close();
    },
  };
}

const toPortError =
  (name: string, port: number) =>
  (error: unknown): never => {
    if (!/EADDRINUSE|EACCES|No address added/.test(String(error))) throw error;
    throw new ConfigError(`${name} is ${port}, which is taken; stop what uses it or set another port.`);
  };

function portOf(app: NestFastifyApplication): number {
  const address = app.getHttpServer().address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
