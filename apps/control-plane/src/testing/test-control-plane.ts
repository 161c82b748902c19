import 'reflect-metadata';
import type { Clock } from '@meridian/application';
import { FakeWorkerControl, NotedIncidents, type VirtualClock } from '@meridian/testkit';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { startControlPlane } from '../control-plane.ts';
import { createControlPlaneMetrics } from '../metrics.ts';
import type { Stores } from '../stores.ts';
import { systemClock, systemDraw } from '../system.ts';
import { FleetCaller } from './fleet-caller.ts';
import { HttpCaller } from './http-caller.ts';
import { ADMIN_KEY, testConfig } from './test-config.ts';

export interface TestControlPlane {
  readonly workers: FakeWorkerControl;
  readonly admin: HttpCaller;
  readonly anonymous: HttpCaller;
  readonly fleet: FleetCaller;
  /** Every line that was logged, parsed. */
  readonly logLines: readonly Record<string, unknown>[];
  /** A caller with a key of a new tenant. */
  tenant(name: string, maxSessions?: number): Promise<HttpCaller & { readonly tenantId: string }>;
  close(): Promise<void>;
}

/** The whole control plane on free ports of this machine, with time that stands still. */
export const startTestControlPlane = (
  clock: VirtualClock,
  stores: Stores,
  over: Partial<Config> = {},
): Promise<TestControlPlane> => start(clock, stores, testConfig(over));

/** The same with the time of this machine, for stores that have a clock of their own. */
export const startRealControlPlane = (config: Config, stores: Stores): Promise<TestControlPlane> =>
  start(systemClock, stores, config);

async function start(clock: Clock, stores: Stores, config: Config): Promise<TestControlPlane> {
  const workers = new FakeWorkerControl();
  const logLines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logLines.push(JSON.parse(line)) });
  const controlPlane = await startControlPlane({
    ...{ config, stores, workers, clock, draw: systemDraw, logger },
    incidents: new NotedIncidents(),
    metrics: createControlPlaneMetrics(),
  });
  const url = `http://127.0.0.1:${controlPlane.port}`;
  const fleet = new FleetCaller(`127.0.0.1:${controlPlane.grpcPort}`);
  const admin = new HttpCaller(url, ADMIN_KEY);
  return {
    ...{ workers, admin, fleet, logLines },
    anonymous: new HttpCaller(url),
    tenant: async (name, maxSessions = 10) => {
      const { id } = (await admin.post('/admin/v1/tenants', { name, maxSessions })).body;
      const { secret } = (await admin.post(`/admin/v1/tenants/${id}/api-keys`, { name: 'test' })).body;
      return Object.assign(new HttpCaller(url, String(secret)), { tenantId: String(id) });
    },
    close: async () => {
      fleet.close();
      await controlPlane.close();
    },
  };
}
