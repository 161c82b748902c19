import type { lookup } from 'node:dns';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startHookReceiver, type HookReceiver } from '../testing/hook-receiver.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { PostWebhook, type PostWebhookOptions } from './post-webhook.ts';

/** A resolver that answers with these, one after the other. */
function resolving(...answers: readonly string[][]) {
  const asked: string[] = [];
  const resolve = ((name: string, _options: object, done: (error: null, found: object[]) => void) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(name);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof lookup;
  return { resolve, asked };
}

describe('PostWebhook', () => {
  const open: HookReceiver[] = [];
  let receiver: HookReceiver;
  let url: string;

  const start = async (...given: Parameters<typeof startHookReceiver>) => {
    const started = await startHookReceiver(...given);
    open.push(started);
    return started;
  };
  const post = (to: string, options: Partial<PostWebhookOptions> = {}, body = '{"type":"x"}') =>
    new PostWebhook({ allowPrivate: true, ...options }).post(to, { 'webhook-id': 'evt_1' }, body);

  beforeEach(async () => {
    receiver = await start();
    url = `http://127.0.0.1:${receiver.port}/hooks`;
  });
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  it('posts the very bytes and tells the answer', async () => {
    expect(await post(url, {}, '{"a": "é"}')).toEqual({ kind: 'answered', status: 204 });
    expect(receiver.received).toMatchObject([
      { path: '/hooks', body: '{"a": "é"}', headers: { 'webhook-id': 'evt_1', 'content-length': '11' } },
    ]);
  });

  it('tells an error, and how long to wait when the receiver says so', async () => {
    receiver.answer = (_hook, reply) => void reply.writeHead(503, { 'retry-after': '90' }).end('busy');
    expect(await post(url)).toEqual({ kind: 'answered', status: 503, retryAfterMs: 90_000 });
  });

  it('follows no redirect', async () => {
    const inner = await start();
    receiver.answer = (_hook, reply) =>
      void reply.writeHead(302, { location: `http://127.0.0.1:${inner.port}/` }).end();
    expect(await post(url)).toEqual({ kind: 'answered', status: 302 });
    expect(inner.received).toEqual([]);
  });

  it('gives up on who does not answer in time, or never ends', async () => {
    receiver.answer = () => undefined;
    const failed = { kind: 'unanswered', reason: 'no answer within 100 ms' };
    expect(await post(url, { timeoutMs: 100 })).toEqual(failed);
    receiver.answer = (_hook, reply) => void reply.writeHead(200).write('a');
    expect(await post(url, { timeoutMs: 100 })).toMatchObject({ kind: 'unanswered' });
  });

  it('does not read more than a little of an answer', async () => {
    receiver.answer = (_hook, reply) => {
      reply.writeHead(200);
      const more = () => reply.writable && reply.write(Buffer.alloc(65_536), more);
      more();
    };
    expect(await post(url)).toEqual({ kind: 'answered', status: 200 });
  });

  it('says when nobody is there', async () => {
    await receiver.close();
    expect(await post(url)).toEqual({ kind: 'unanswered', reason: 'the connection was refused' });
  });

  describe('over TLS', () => {
    const NAME = 'hooks.example.org';
    const { resolve } = resolving(['127.0.0.1']);

    it('takes a certificate of the name, and no other', async () => {
      const good = selfSigned(NAME);
      const right = await start(good);
      const options = { ca: good.cert, resolve };
      expect(await post(`https://${NAME}:${right.port}/`, options)).toMatchObject({ status: 204 });

      const other = selfSigned('other.example.org');
      const wrong = await start(other);
      expect(await post(`https://${NAME}:${wrong.port}/`, { ca: other.cert, resolve })).toEqual({
        kind: 'unanswered',
        reason: 'its certificate is for another name',
      });
      expect(wrong.received).toEqual([]);
    });

    it('takes no certificate that nobody vouches for', async () => {
      const server = await start(selfSigned(NAME));
      expect(await post(`https://${NAME}:${server.port}/`, { resolve })).toEqual({
        kind: 'unanswered',
        reason: 'its certificate is signed by nobody we trust',
      });
    });
  });

  describe('in production', () => {
    const strict = { allowPrivate: false };

    it.each([
      ['http://example.org/', 'is not https'],
      ['https://127.0.0.1/', 'is not on the public internet'],
      ['https://2130706433/', 'is not on the public internet'],
      ['https://0x7f.1/', 'is not on the public internet'],
      ['https://[::1]/', 'is not on the public internet'],
      ['https://[::ffff:169.254.169.254]/', 'is not on the public internet'],
      ['https://localhost/', 'is not on the public internet'],
      ['https://redis/', 'is not on the public internet'],
      ['https://metadata.google.internal/', 'is not on the public internet'],
      ['https://user:secret@example.org/', 'has a user name or password in it'],
      ['ftp://example.org/', 'is neither http nor https'],
    ])('refuses %s: %s', async (address, reason) => {
      const sender = new PostWebhook(strict);
      expect(sender.refuses(address)).toBe(reason);
      expect(await sender.post(address, {}, '')).toEqual({
        kind: 'unanswered',
        reason: `the address ${reason}`,
      });
    });

    it('takes a public address', () => {
      expect(new PostWebhook(strict).refuses('https://example.org:8443/hooks?a=1')).toBeUndefined();
    });

    it('reaches no private address behind a public name', async () => {
      const tls = selfSigned('hooks.example.org');
      const inner = await start(tls);
      const { resolve } = resolving(['127.0.0.1', '10.0.0.7', '::1', 'fe80::1']);
      const outcome = await post(`https://hooks.example.org:${inner.port}/`, {
        ...strict,
        ca: tls.cert,
        resolve,
      });
      expect(outcome).toEqual({
        kind: 'unanswered',
        reason: 'hooks.example.org is not on the public internet',
      });
      expect(inner.received).toEqual([]);
    });

    it('connects to what it looked at: a name is resolved once', async () => {
      const tls = selfSigned('hooks.example.org');
      const inner = await start(tls);
      // 192.0.2.0/24 would be refused, so a public address that nobody answers at stands in.
      const { resolve, asked } = resolving(['1.2.3.4'], ['127.0.0.1']);
      const options = { ...strict, ca: tls.cert, resolve, timeoutMs: 300 };
      expect(await post(`https://hooks.example.org:${inner.port}/`, options)).toMatchObject({
        kind: 'unanswered',
      });
      expect(asked).toEqual(['hooks.example.org']);
      expect(inner.received).toEqual([]);
    });
  });
});
