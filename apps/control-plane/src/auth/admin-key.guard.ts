import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { Problem } from '../http/problem.ts';
import { CONFIG } from '../tokens.ts';
import { bearerOf, sameSecret } from './bearer.ts';

const CHALLENGE = { 'www-authenticate': 'Bearer realm="meridian-admin"' };

/** Lets the operator in by ADMIN_KEY. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'adminKey'>) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const secret = bearerOf(request.headers.authorization);
    if (secret === undefined) {
      throw new Problem('api_key_missing', 'Send the admin key as: Authorization: Bearer ADMIN_KEY', {
        headers: CHALLENGE,
      });
    }
    if (!sameSecret(secret, this.config.adminKey)) {
      throw new Problem('api_key_invalid', 'This is not the admin key.', { headers: CHALLENGE });
    }
    return true;
  }
}
