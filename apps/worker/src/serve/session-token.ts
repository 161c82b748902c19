// S1. The worker trusts no gateway: it checks the token itself, offline, with keys it was given when it registered.
import { readSessionToken, type SessionTokenRead } from '@meridian/protocol/session-token';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { OWNER } from '../engine/devices.ts';
import type { Grant } from '../engine/ports.ts';
import { RefusalError } from '../refusal.ts';

export interface TokenReaderOptions {
  readonly workerId: string;
  /** Asks for newer keys: a token may be signed with one made after this worker registered. */
  readonly refreshKeys: () => Promise<void>;
}

export class TokenReader {
  readonly #options: TokenReaderOptions;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;

  constructor(options: TokenReaderOptions) {
    this.#options = options;
  }

  /** The keys that tokens are checked with from now on: a JSON Web Key Set (RFC 7517). Throws when it is none. */
  useKeys(jwksJson: string): void {
    this.#keys = createLocalJWKSet(JSON.parse(jwksJson) as JSONWebKeySet);
  }

  /** @throws RefusalError saying why the token does not let its bearer in. */
  async read(token: string | undefined, nowMs: number): Promise<Grant> {
    if (token === undefined)
      throw new RefusalError('UNAUTHENTICATED', 'token_missing', 'There is no session token.');
    const answer = await this.#read(token, nowMs);
    if (answer.kind === 'refused') throw new RefusalError('UNAUTHENTICATED', answer.code, answer.message);
    const { workerId, device, sessionId, epoch, width, ...limits } = answer.claims;
    if (workerId !== this.#options.workerId) {
      throw new RefusalError(
        'PERMISSION_DENIED',
        'wrong_worker',
        `The session token is for worker ${workerId}.`,
      );
    }
    if (device !== OWNER) {
      throw new RefusalError(
        'PERMISSION_DENIED',
        'role_forbidden',
        'The session token is of a paired device, which only a gateway lets in.',
      );
    }
    const { claimByMs, holdMs, idleMs, maxDurationMs, creditMs } = limits;
    return { sessionId, epoch, width, claimByMs, holdMs, idleMs, maxDurationMs, creditMs };
  }

  async #read(token: string, nowMs: number): Promise<SessionTokenRead> {
    const answer = await this.#check(token, nowMs);
    if (answer.kind === 'valid' || !answer.isKeyUnknown) return answer;
    await this.#options.refreshKeys();
    return this.#check(token, nowMs);
  }

  #check(token: string, nowMs: number): Promise<SessionTokenRead> {
    if (this.#keys === undefined) {
      throw new RefusalError('UNAVAILABLE', 'worker_not_ready', 'The worker has not registered yet.');
    }
    return readSessionToken(token, this.#keys, nowMs);
  }
}
