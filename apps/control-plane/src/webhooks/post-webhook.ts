// Posts to an address that somebody else chose. The name is resolved once, here, and the connection is made to the very
// address that was looked at: a name that answers differently the second time gains nothing. Redirects are not
// followed, the answer's body is not read beyond a little, and ten seconds are all there is.
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { SendOutcome, WebhookSender } from '@meridian/application';
import { isPublicAddress } from './public-address.ts';

export interface PostWebhookOptions {
  /** For development: addresses of this machine and network too, and http. */
  readonly allowPrivate: boolean;
  readonly timeoutMs?: number;
  /** Certificates that are trusted beside the usual ones. */
  readonly ca?: string;
  /** What resolves names, in place of this machine's resolver. */
  readonly resolve?: typeof resolve;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 16_384;

class RefusedAddress extends Error {}

export class PostWebhook implements WebhookSender {
  readonly #options: PostWebhookOptions;

  constructor(options: PostWebhookOptions) {
    this.#options = options;
  }

  refuses(url: string): string | undefined {
    if (!URL.canParse(url)) return 'is not an address';
    const { protocol, username, password, hostname } = new URL(url);
    if (protocol !== 'https:' && protocol !== 'http:') return 'is neither http nor https';
    if (username !== '' || password !== '') return 'has a user name or password in it';
    if (this.#options.allowPrivate) return undefined;
    if (protocol !== 'https:') return 'is not https';
    const host = hostname.replace(/^\[|\]$/g, '');
    const isLocalName = /(^|\.)(localhost|local|internal|localdomain)\.?$/.test(host);
    const isPrivate = isIP(host) === 0 ? isLocalName || !host.includes('.') : !isPublicAddress(host);
    return isPrivate ? 'is not on the public internet' : undefined;
  }

  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<SendOutcome> {
    const reason = this.refuses(url);
    if (reason !== undefined) return { kind: 'unanswered', reason: `the address ${reason}` };
    try {
      return await this.#send(new URL(url), headers, body);
    } catch (error) {
      return { kind: 'unanswered', reason: reasonOf(error) };
    }
  }

  async #send(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<SendOutcome> {
    const { timeoutMs = TIMEOUT_MS, ca } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    const options: RequestOptions & { ca?: string } = {
      ...{ method: 'POST', signal, agent: false, lookup: this.#lookup },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      ...(ca !== undefined && { ca }),
    };
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((answered, failed) => {
      const sent = request(url, options, (answer) => {
        readALittle(answer).then(() => answered(outcomeOf(answer)), failed);
      });
      sent.on('error', (error) =>
        failed(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error),
      );
      sent.end(body);
    });
  }

  /** Answers with addresses that may be reached, or not at all: the socket is opened to one of these. */
  readonly #lookup: LookupFunction = (hostname, options, done) => {
    const { resolve: look = resolve, allowPrivate } = this.#options;
    look(hostname, { ...options, all: true }, (error, found: readonly LookupAddress[]) => {
      const allowed = error ? [] : found.filter(({ address }) => allowPrivate || isPublicAddress(address));
      const [first] = allowed;
      const refused = error ?? new RefusedAddress(`${hostname} is not on the public internet`);
      if (!first) done(refused, '', 0);
      else if (options.all) done(null, [...allowed]);
      else done(null, first.address, first.family);
    });
  };
}

/** Its first bytes, so that a connection ends in order; whoever sends more is cut off. */
async function readALittle(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const part of answer) {
    bytes += (part as Buffer).length;
    if (bytes > ANSWER_BYTES_MAX) return;
  }
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage): SendOutcome {
  const retryAfterS = Number(headers['retry-after']);
  const asked = Number.isFinite(retryAfterS) && retryAfterS > 0 && { retryAfterMs: retryAfterS * 1_000 };
  return { kind: 'answered', status: statusCode, ...asked };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody we trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody we trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody we trust',
};

/** For the person who reads it; an inner address is not told. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || typeof code !== 'string') return String(message).slice(0, 200);
  return REASONS[code] ?? `no answer (${code})`;
}
