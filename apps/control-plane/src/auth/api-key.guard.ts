import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { AUTHENTICATE } from '../tokens.ts';
import { bearerOf } from './bearer.ts';
import type { Authenticate } from './key-cache.ts';

const CHALLENGE = { 'www-authenticate': 'Bearer realm="meridian"' };
const REFUSED = { 'www-authenticate': 'Bearer realm="meridian", error="invalid_token"' };

/** S1. Lets a request in as the tenant of its API key; every later query is scoped by that tenant. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@Inject(AUTHENTICATE) private readonly authenticate: Authenticate) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const secret = bearerOf(request.headers.authorization);
    if (secret === undefined) {
      throw new Problem('api_key_missing', 'Send your API key as: Authorization: Bearer mk_...', {
        headers: CHALLENGE,
      });
    }
    const known = secret.startsWith('mk_') ? await this.authenticate(secret) : undefined;
    if (!known) {
      throw new Problem('api_key_invalid', 'This API key is not known or was revoked.', { headers: REFUSED });
    }
    request.tenant = known.tenant;
    return true;
  }
}
