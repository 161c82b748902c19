import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { serveHealth, type HealthServer } from './health.ts';
import { createMetrics } from './metrics.ts';

describe('serveHealth', () => {
  let reason: string | undefined;
  let server: HealthServer;
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });

  beforeEach(async () => {
    reason = undefined;
    const metrics = createMetrics({ service: 'test' });
    metrics.counter({ name: 'meridian_things_total', help: 'Things.' }).inc(3);
    server = await serveHealth({
      port: 0,
      metrics,
      ready: () => {
        if (reason === 'throw') throw new Error('store away');
        return reason;
      },
    });
  });
  afterEach(() => server.close());

  it('lives while the process does, whatever readiness says', async () => {
    reason = 'no model';
    expect((await get('/healthz')).status).toBe(200);
  });

  it('is ready, or says why not', async () => {
    expect((await get('/readyz')).status).toBe(200);
    reason = 'no model';
    const answer = await get('/readyz');
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'not ready', reason: 'no model' }]);
    reason = 'throw';
    expect((await get('/readyz')).status).toBe(503);
  });

  it('shows metrics with the service label', async () => {
    expect(await (await get('/metrics')).text()).toContain('meridian_things_total{service="test"} 3');
  });

  it('answers 404 elsewhere and to other methods', async () => {
    expect((await get('/other')).status).toBe(404);
    expect((await get('/healthz', 'POST')).status).toBe(404);
  });
});
