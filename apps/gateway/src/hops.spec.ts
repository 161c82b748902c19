// Where the time between an action and its frame goes, with clocks that differ.
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { frames, until } from './testing/clients.ts';
import { Scene } from './testing/scene.ts';
import { SESSION, actionMessage } from './testing/test-gateway.ts';

// Sockets and timers on a machine that may be busy: what is wrong here hangs for ever.
jest.setTimeout(20_000);

const OPEN_METRICS = { accept: 'application/openmetrics-text' };

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.start();
});
afterEach(() => scene.end());

const exposition = async () =>
  (await fetch(`http://127.0.0.1:${String(scene.gateway.port)}/metrics`, { headers: OPEN_METRICS })).text();

const hopOf = (text: string, hop: string, what: string) =>
  Number(
    new RegExp(
      `^meridian_gateway_action_to_frame_seconds_${what}\\{[^}]*hop="${hop}"[^}]*\\} (\\S+)`,
      'm',
    ).exec(text)?.[1],
  );

it.each([-60_000, 0, 60_000])('is told by hop, with a worker’s clock %i ms ahead', async (clockAheadMs) => {
  const worker = await scene.worker({ clockAheadMs });
  const client = await scene.join(worker, { pool: 'us-east/cpu/dream@1' });
  for (const seq of [1, 2, 3]) {
    client.send(actionMessage(seq));
    await until(() => frames(client).some(({ lastActionSeq }) => lastActionSeq === seq));
  }
  const text = await exposition();
  for (const hop of ['gateway_total', 'network', 'worker_wait', 'step', 'encode', 'gateway_out']) {
    expect(hopOf(text, hop, 'count')).toBe(3);
    expect(hopOf(text, hop, 'sum')).toBeGreaterThanOrEqual(0);
    // None is a minute, whatever the clocks say.
    expect(hopOf(text, hop, 'sum')).toBeLessThan(10);
  }
  expect(text).toMatch(
    /action_to_frame_seconds_bucket\{[^}]*model="dream"[^}]*\} \d+ # \{trace_id="[0-9a-f]{32}"\}/,
  );
});

it('leaves out what another gateway has stamped: its clock is not ours', async () => {
  const worker = await scene.worker();
  const other = await scene.addGateway();
  const before = await scene.join(worker, { gateway: other });
  before.send(actionMessage(1));
  await until(() => frames(before).some(({ lastActionSeq }) => lastActionSeq === 1));
  before.leave();
  await until(() => worker.session(SESSION).call === undefined);
  const client = await scene.join(worker);
  await until(() => frames(client).length > 3);
  expect(frames(client).at(-1)?.lastActionSeq).toBe(1);
  expect(hopOf(await exposition(), 'gateway_total', 'count')).toBe(0);
});
