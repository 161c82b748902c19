import { describe, expect, it } from '@jest/globals';
import { playFor, seededDraw } from '@meridian/embedded';
import type { Frame } from '@meridian/sdk';
import { client, modelName, newTenant, request, shared, until, usedSlots } from './support/system.ts';

describe('a session', () => {
  it('is opened, played, ended, and costs what its frames say', async () => {
    const target = shared();
    const apiKey = await newTenant(target, 'main way');
    const meridian = client(target, apiKey);
    const session = await meridian.open({ model: await modelName(meridian), metadata: { player: 'p-1' } });
    const numbers: number[] = [];
    session.on('frame', (frame: Frame) => numbers.push(frame.number));
    const { framesReceived, framesDropped, end } = await playFor(session, 3_000, seededDraw(7));

    expect(end).toMatchObject({ reason: 'client_ended', usage: { final: true, currency: 'GBP' } });
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(framesReceived).toBeGreaterThan(50);
    // The worker counts what it sent; at most a few frames are on their way at the end.
    const frames = end.usage?.frames ?? 0;
    expect(frames).toBeGreaterThanOrEqual(framesReceived);
    expect(frames).toBeLessThanOrEqual(framesReceived + framesDropped + 5);
    const record = await meridian.getSession(session.id);
    expect(record).toMatchObject({ state: 'ended', endReason: 'client_ended', metadata: { player: 'p-1' } });
    expect(record.connection).toBeUndefined();
    await until('its slot to be free', 3_000, async () => (await usedSlots(target)) === 0);
  });

  it('says where it was placed and why', async () => {
    const target = shared();
    const meridian = client(target, await newTenant(target, 'placement'));
    const model = await modelName(meridian);
    const near = { 'us-east': 120, 'eu-west': 8 };
    const session = await meridian.open({ model, rttMs: near });
    const considered = session.info.placement?.considered ?? [];
    expect(session.region).toBe('eu-west');
    expect(considered.map(({ region }) => region).sort()).toEqual(['eu-west', 'us-east']);
    for (const { reason } of considered) expect(reason).not.toBe('');
    await session.end();

    const inUs = await meridian.open({ model, rttMs: near, residency: 'us' });
    expect(inUs.region).toBe('us-east');
    await inUs.end();
  });

  it('is opened once for one idempotency key, whatever is lost on the way', async () => {
    const target = shared();
    const apiKey = await newTenant(target, 'idempotency');
    const body = { model: await modelName(client(target, apiKey)) };
    const key = { 'idempotency-key': 'once-only' };
    const open = (what: object) =>
      request<{ id: string; code?: string }>(target, apiKey, 'POST', '/v1/sessions', what, key);

    const answers = await Promise.all([open(body), open(body), open(body)]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(await usedSlots(target)).toBe(1);
    const other = await open({ ...body, metadata: { another: 'body' } });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await usedSlots(target)).toBe(1);
    await client(target, apiKey).endSession(answers[0].body.id);
  });
});
