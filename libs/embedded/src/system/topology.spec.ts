import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDataDir, type DataDir } from '../layout.ts';
import { portPlan } from './ports.ts';
import { regionsJson } from './regions.ts';
import { openSecrets } from './secrets.ts';
import { controlPlaneSpec, gatewaySpecs, workerSpecs, type Topology } from './topology.ts';

let data: DataDir;
beforeEach(() => {
  data = openDataDir(mkdtempSync(path.join(tmpdir(), 'meridian-topology-')));
});
afterEach(() => rmSync(data.path, { recursive: true }));

const topology = (gatewaysPerRegion: number): Topology => ({
  ...{ data, ports: portPlan(4_400), secrets: openSecrets(data), gatewaysPerRegion, workersPerRegion: 1 },
  ...{ models: ['gallery'], controlPlaneEnv: {}, workersFleet: '127.0.0.1:1' },
});

describe('several gateways a region', () => {
  it('have names, ports and key caches of their own, and the secret of their region', () => {
    const specs = gatewaySpecs(topology(2));
    expect(specs.map(({ name }) => name)).toEqual([
      'gateway-us-east-1',
      'gateway-us-east-2',
      'gateway-eu-west-1',
      'gateway-eu-west-2',
    ]);
    for (const variable of ['PORT', 'GRPC_PORT', 'JWKS_CACHE_FILE']) {
      expect(new Set(specs.map(({ env }) => env[variable])).size).toBe(4);
    }
    expect(specs.map(({ env }) => env['PORT'])).toEqual(['4410', '4412', '4420', '4422']);
    const secrets = specs.map(({ env }) => env['FLEET_SECRET']);
    expect([secrets[0] === secrets[1], secrets[0] === secrets[2]]).toEqual([true, false]);
  });

  it('are those that the control plane names to clients', () => {
    const [us] = JSON.parse(regionsJson(portPlan(4_400), 2)) as [{ gateways: object[] }];
    expect(us.gateways).toEqual([
      { url: 'http://127.0.0.1:4410', grpc: '127.0.0.1:4411' },
      { url: 'http://127.0.0.1:4412', grpc: '127.0.0.1:4413' },
    ]);
  });
});

it('stops gateways before workers, so that none waits for a hand-over, and the control plane after both', () => {
  const all = topology(2);
  const stages = [gatewaySpecs(all), workerSpecs(all), [controlPlaneSpec(all)]].map((specs) => [
    ...new Set(specs.map(({ stopStage }) => stopStage)),
  ]);
  expect(stages).toEqual([[0], [1], [2]]);
});
