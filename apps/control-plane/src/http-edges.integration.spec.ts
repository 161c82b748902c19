import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionActivity } from '@meridian/protocol/worker';
import { EU_WEST, US_EAST, VirtualClock } from '@meridian/testkit';
import { readEvents } from './testing/event-reader.ts';
import { fakeStores, type FakeStores } from './testing/fake-stores.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const PLAY_KEY = `mk_${'a'.repeat(52)}`;
const GALLERY = { model: 'gallery', rttMs: { 'us-east': 12 } };
const DOCUMENT = new URL('../../../docs/openapi.json', import.meta.url);

describe('the HTTP side', () => {
  let folder: string;
  let clock: VirtualClock;
  let stores: FakeStores;
  let cp: TestControlPlane;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-console-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Play</title>');
    writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'export {};');
    clock = new VirtualClock();
    stores = fakeStores(clock);
    cp = await startTestControlPlane(clock, stores, { consoleDir: folder, playApiKey: PLAY_KEY });
  });
  afterEach(async () => {
    await cp.close();
    rmSync(folder, { recursive: true });
  });

  it('has an OpenAPI document, which docs/openapi.json repeats (npm run openapi writes it)', async () => {
    const { body } = await cp.anonymous.get('/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    expect(JSON.parse(readFileSync(DOCUMENT, 'utf8'))).toEqual(body);
  });

  it('has a reference page that brings its own script', async () => {
    const page = await cp.anonymous.get('/reference/');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    const script = await cp.anonymous.get('/reference/js/scalar.js');
    expect([script.status, script.text.length > 1_000_000]).toEqual([200, true]);
  });

  it('tells a wrong address from a wrong method', async () => {
    const wrongMethod = await cp.anonymous.send('PUT', '/v1/sessions');
    expect([wrongMethod.status, wrongMethod.body['code']]).toEqual([405, 'method_not_allowed']);
    expect(wrongMethod.headers.get('allow')).toBe('GET, HEAD, POST');
    const wrongAddress = await cp.anonymous.get('/v1/nothing');
    expect([wrongAddress.status, wrongAddress.body['code']]).toEqual([404, 'route_not_found']);
    const undecodable = await cp.anonymous.get('/v1/%ff');
    expect([undecodable.status, undecodable.body['code']]).toEqual([400, 'invalid_request']);
  });

  it('lets pages of other origins call the public API, and only that', async () => {
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const open = await cp.anonymous.send('OPTIONS', '/v1/sessions', undefined, preflight);
    expect([open.status, open.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(open.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const refused = await cp.anonymous.get('/v1/sessions', { origin: 'https://app.example' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
    const admin = await cp.anonymous.get('/admin/v1/workers', { origin: 'https://app.example' });
    expect(admin.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('serves the play page, its assets for ever, and its deep links', async () => {
    const page = await cp.anonymous.get('/');
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(page.headers.get('content-security-policy')).toContain(
      'ws://us-east-1.example.org:4410 http://us-east-2.example.org:4410 ws://us-east-2.example.org:4410',
    );
    const asset = await cp.anonymous.get('/assets/app-1a2b.js');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await cp.anonymous.get('/play/x', { accept: 'text/html' })).text).toContain(
      '<title>Play</title>',
    );
    expect((await cp.anonymous.get('/v1/x', { accept: 'text/html' })).status).toBe(404);
    expect((await cp.anonymous.get('/../package.json')).status).toBe(404);
    expect((await cp.anonymous.get('/%2e%2e/%2e%2e/etc/passwd')).status).toBe(404);
  });

  it('gives the play page a key that works, of a tenant of its own', async () => {
    expect((await cp.anonymous.get('/play/config.json')).body).toEqual({ apiKey: PLAY_KEY });
    const answer = await cp.anonymous.get('/v1/sessions', { authorization: `Bearer ${PLAY_KEY}` });
    expect(answer.status).toBe(200);
    expect((await cp.admin.get('/admin/v1/tenants')).body).toMatchObject({ tenants: [{ name: 'demo' }] });
  });

  it('is ready while PostgreSQL and one region answer, and lives in any case', async () => {
    stores.regions.store(US_EAST).away = true;
    expect((await cp.anonymous.get('/readyz')).status).toBe(200);
    stores.regions.store(EU_WEST).away = true;
    expect((await cp.anonymous.get('/readyz')).status).toBe(503);
    stores.regions.store(EU_WEST).away = false;
    stores.record.away = true;
    const answer = await cp.anonymous.get('/readyz');
    expect([answer.status, answer.body['reason']]).toEqual([503, 'PostgreSQL does not answer']);
    expect((await cp.anonymous.get('/healthz')).status).toBe(200);
  });

  it('answers 503 with Retry-After while PostgreSQL is away, and opens nothing', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
    stores.record.away = true;
    const answer = await acme.post('/v1/sessions', GALLERY);
    expect([answer.status, answer.body['code']]).toEqual([503, 'store_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await cp.fleet.heartbeat(2)).toMatchObject({ acknowledgedSessionIds: [] });
    stores.record.away = false;
    expect(stores.regions.store(US_EAST).leases.size).toBe(0);
    expect((await acme.post('/v1/sessions', GALLERY)).status).toBe(201);
  });

  it('goes on in the other region while the Redis of one is away', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
    stores.regions.store(EU_WEST).away = true;
    clock.advance(1_000);
    expect((await acme.post('/v1/sessions', GALLERY)).body).toMatchObject({
      state: 'reserved',
      region: 'us-east',
    });
    expect((await cp.admin.get('/admin/v1/workers')).body).toMatchObject({ unreachableRegions: ['eu-west'] });
    expect((await acme.get('/v1/regions')).body).toMatchObject({
      regions: [
        {
          id: 'us-east',
          reachable: true,
          models: ['gallery'],
          pingUrl: 'http://us-east-1.example.org:4410/ping',
        },
        { id: 'eu-west', reachable: false },
      ],
    });
  });

  it('shows a bug as 500 without internals, and logs it with the same trace id', async () => {
    const acme = await cp.tenant('Acme');
    Object.assign(stores.sessions, { list: () => Promise.reject(new Error('secret detail of line 42')) });
    const answer = await acme.get('/v1/sessions');
    expect([answer.status, answer.body['code']]).toEqual([500, 'internal_error']);
    expect(answer.text).not.toContain('secret detail');
    const line = cp.logLines.find(({ msg }) => msg === 'bug');
    expect(line).toMatchObject({
      traceId: answer.body['traceId'],
      err: { message: 'secret detail of line 42' },
    });
  });

  it('forgets a client that follows events and goes away without a word', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
    const { id } = (await acme.post('/v1/sessions', GALLERY)).body;
    const abort = new AbortController();
    const response = await acme.fetch(`/v1/sessions/${id}/events`, { signal: abort.signal });
    await readEvents(response).next();
    expect(stores.listening(String(id))).toBe(1);
    abort.abort();
    await stores.heardNobody(String(id));
  });

  it('outlives garbage on its port', async () => {
    const { port } = new URL(cp.anonymous.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.end('\u0016\u0003\u0001 not http\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (bytes) => (text += String(bytes))).on('close', () => resolve(text));
    });
    expect(answer).toContain('400');
    expect((await cp.anonymous.get('/healthz')).status).toBe(200);
  });

  it('shows how workers keep pace, and predicts with it', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1, [], { encodeMsP50: 6, encodeMsP95: 7.5, lateShare: 0.25, slots: 5 });
    expect((await cp.admin.get('/admin/v1/workers')).body).toMatchObject({
      workers: [
        { id: 'us-east-1', slots: 5, stepMsP50: 8, encodeMsP50: 6, encodeMsP95: 7.5, lateShare: 0.25 },
      ],
    });
    expect((await cp.admin.get('/admin/v1/pools')).body).toMatchObject({
      pools: [{ stepMs: 8, encodeMs: 6 }],
    });
    const lines = (await cp.anonymous.get('/metrics')).text.split('\n');
    expect(lines).toContain(
      'meridian_fleet_encode_ms_p95{region="us-east",worker="us-east-1",service="control-plane"} 7.5',
    );
    expect(lines).toContain(
      'meridian_fleet_late_share{region="us-east",worker="us-east-1",service="control-plane"} 0.25',
    );
    const { body } = await acme.post('/v1/sessions', GALLERY);
    // RTT 12, step 8, encode 6, and half of 40 ms until the next step.
    const chosen = { region: 'us-east', outcome: 'chosen', predictedActionToFrameMs: 46 };
    expect(body).toMatchObject({
      placement: { considered: expect.arrayContaining([expect.objectContaining(chosen)]) },
    });
  });

  it('gives a worker whose frames come late no new sessions, says why, and counts it', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register({ gpus: 2 });
    await cp.fleet.heartbeat(1);
    const { body } = await acme.post('/v1/sessions', GALLERY);
    const sessionId = String(body['id']);
    for (let second = 2; second < 20; second += 1) {
      clock.advance(1_000);
      const playing = { sessionId, epoch: 1, seq: second, activity: SessionActivity.ACTIVE };
      await cp.fleet.heartbeat(second, [playing], { lateShare: 0.125 });
    }
    expect((await cp.admin.get('/admin/v1/workers')).body).toMatchObject({
      workers: [
        {
          ...{ health: 'quarantined', usedSlots: 1, gpus: 2 },
          healthReason: '12.5 % of frames late over 10 s, with one session on 2 slots',
        },
      ],
    });
    expect((await acme.post('/v1/sessions', GALLERY)).body).toMatchObject({ state: 'queued' });
    expect((await cp.anonymous.get('/metrics')).text).toContain(
      'meridian_worker_quarantines_total{region="us-east",service="control-plane"} 1',
    );
  });

  it('says how many workers each pool should have, and why', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1, [], { slots: 5 });
    await acme.post('/v1/sessions', GALLERY);
    expect((await cp.anonymous.get('/admin/v1/fleet/capacity')).status).toBe(401);
    const { pools } = (await cp.admin.get('/admin/v1/fleet/capacity')).body as { pools: object[] };
    // One sample: its own value is what is expected, give or take sqrt(1), and 30 % may wait.
    expect(pools).toMatchObject([
      {
        ...{
          pool: 'us-east/h100/gallery@1.0.0',
          region: 'us-east',
          model: 'gallery',
          busySlots: 1,
          queued: 0,
        },
        ...{
          warmSlots: 5,
          workers: 1,
          slotsPerWorker: 5,
          wantedSlots: 2,
          wantedWorkers: 1,
          horizonMs: 300_000,
        },
        forecast: { slots: 1, errorSlots: 1, seasonShare: 0 },
        reason: '1 busy now, 1 expected in 5 min, +1 for a 30 % chance to wait: 2 slots, 1 worker of 5',
      },
    ]);
    const lines = (await cp.anonymous.get('/metrics')).text.split('\n');
    const labels = 'region="us-east",pool="us-east/h100/gallery@1.0.0",service="control-plane"';
    expect(lines).toContain(`meridian_wanted_slots{${labels}} 2`);
    expect(lines).toContain(`meridian_wanted_workers{${labels}} 1`);
    expect(lines).toContain(`meridian_forecast_slots{${labels}} 1`);
    expect(lines).toContain(`meridian_forecast_error_slots{${labels}} 1`);
  });

  it('counts requests, placements and heartbeats', async () => {
    const acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
    await acme.post('/v1/sessions', GALLERY);
    const lines = (await cp.anonymous.get('/metrics')).text.split('\n');
    const has = (...parts: string[]) => lines.some((line) => parts.every((part) => line.includes(part)));
    expect(has('meridian_placements_total', 'region="us-east"', 'outcome="placed"', '} 1')).toBe(true);
    expect(has('meridian_heartbeats_total', 'region="us-east"', '} 1')).toBe(true);
    expect(has('meridian_sessions', 'state="reserved"', '} 1')).toBe(true);
    expect(has('http_request_seconds_count', 'method="POST",route="/v1/sessions",status="201"', '} 1')).toBe(
      true,
    );
  });
});
