import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkPortsFree, HOST, MAX_GATEWAYS, MAX_WORKERS, portPlan } from './ports.ts';
import { REGIONS } from './regions.ts';

it('gives every process of the largest system ports of its own, within 100', () => {
  const plan = portPlan(4_400);
  const count = (length: number) => Array.from({ length }, (_unused, index) => index);
  const ports = [
    ...[plan.controlPlane, plan.controlPlaneGrpc, plan.postgres],
    ...count(MAX_WORKERS).flatMap((index) => [plan.worker(index), plan.workerHealth(index)]),
    ...count(REGIONS.length).flatMap((region) => [
      plan.redis(region),
      ...count(MAX_GATEWAYS).flatMap((one) => [plan.gateway(region, one), plan.gatewayGrpc(region, one)]),
    ]),
  ];
  expect(new Set(ports).size).toBe(ports.length);
  for (const port of ports) expect(port - 4_400).toBeLessThan(100);
});

describe('ports that are to be used', () => {
  let holder: Server;
  let port: number;
  beforeEach(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, HOST, resolve));
    port = (holder.address() as AddressInfo).port;
  });
  afterEach(() => void holder.close());

  it('are named when another program has them, with what to do', async () => {
    await expect(checkPortsFree([port])).rejects.toThrow(
      `Port ${port} is taken by another program; stop it, or choose other ports with --port-base N.`,
    );
  });

  it('are waited for when their last holder is only just going', async () => {
    const checked = checkPortsFree([port]);
    holder.close();
    await expect(checked).resolves.toBeUndefined();
  });
});
