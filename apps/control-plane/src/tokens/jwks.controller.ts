import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { SessionTokens } from '@meridian/application';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { SESSION_TOKENS } from '../tokens.ts';
import { KeySet } from './jwks.schemas.ts';

@Controller('.well-known')
export class JwksController {
  constructor(@Inject(SESSION_TOKENS) private readonly tokens: SessionTokens) {}

  /** Gateways keep it for minutes, and go on with an old one for a day when this process is away (L4). */
  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=300, stale-if-error=86400')
  @Endpoint({
    tag: 'operations',
    summary: 'Public keys of session tokens (RFC 7517)',
    auth: 'none',
    answer: KeySet,
  })
  readKeys(): Promise<{ readonly keys: readonly object[] }> {
    return this.tokens.jwks();
  }
}
