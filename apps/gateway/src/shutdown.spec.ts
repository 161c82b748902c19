// SIGTERM: every client is told to dial another gateway, not all at one moment, and the process ends soon.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { frames, until } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.start();
});
afterEach(() => scene.end());

describe('a gateway that stops', () => {
  it('tells its clients over a while, says meanwhile that it is not ready, and takes nobody', async () => {
    const worker = await scene.worker({ frameMs: 200 });
    const { gateway } = scene;
    const endedAtMs: number[] = [];
    const clients = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const client = await scene.join(worker, { sessionId: `ses_${String(at)}` });
        void client.ended.then(() => endedAtMs.push(performance.now()));
        return client;
      }),
    );
    await until(() => clients.every(({ received }) => received.length > 1));
    const stoppedAtMs = performance.now();
    const stopped = scene.stopGateway(gateway);
    const ready = await fetch(`http://127.0.0.1:${String(gateway.port)}/readyz`);
    expect(ready.status).toBe(503);
    const late = await scene.join(worker, { gateway, sessionId: 'ses_late' });
    expect(await late.ended).toEqual([503, 'gateway_stopping']);
    const ends = await Promise.all(clients.map((client) => client.ended));
    expect(new Set(ends.map(String))).toEqual(new Set(['1012,gateway_stopping']));
    await stopped;
    expect((endedAtMs.at(-1) ?? 0) - (endedAtMs[0] ?? 0)).toBeGreaterThan(100);
    expect(performance.now() - stoppedAtMs).toBeLessThan(4_000);
    await scene.addGateway();
  });

  it('does not wait for a client that reads nothing', async () => {
    const worker = await scene.worker({ imageBytes: 500_000 });
    const client = await scene.join(worker);
    await until(() => frames(client).length > 0);
    client.pause();
    await until(() => (worker.session('ses_1').feedback.at(-1)?.framesDropped ?? 0) > 5);
    const stoppedAtMs = performance.now();
    await scene.stopGateway(scene.gateway);
    expect(performance.now() - stoppedAtMs).toBeLessThan(4_500);
    await scene.addGateway();
  });
});
