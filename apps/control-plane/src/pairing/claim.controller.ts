import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { ClaimPairing } from '@meridian/application';
import { unreachable } from '@meridian/domain';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Config } from '../config.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { Problem } from '../http/problem.ts';
import { Valid } from '../http/validation.ts';
import { toConnection } from '../sessions/session-view.ts';
import { CLAIM_PAIRING, CONFIG } from '../tokens.ts';
import { callerOf } from './caller-of.ts';
import { pairingProblem } from './pairing-problem.ts';
import * as schemas from './pairing.schemas.ts';

/** The one call that needs no key: the code is the key, once. */
@Controller('v1/pairings')
export class ClaimController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLAIM_PAIRING) private readonly claim: ClaimPairing,
  ) {}

  @Post('claim')
  @Endpoint({
    tag: 'pairing',
    summary: 'Join a session with a code',
    description:
      'No API key is needed, and the code works once: keep the answer. Wrong codes are counted, by address and for all.',
    auth: 'none',
    body: schemas.ClaimPairing,
    status: 201,
    answer: schemas.PairedDevice,
    problems: [
      'pairing_not_found',
      'session_ended',
      'too_many_devices',
      'too_many_attempts',
      'store_unavailable',
    ],
  })
  async claimPairing(
    @Body(new Valid(schemas.ClaimPairing)) { code }: z.output<typeof schemas.ClaimPairing>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof schemas.PairedDevice>> {
    const outcome = await this.claim({ code, who: callerOf(request.ip) });
    switch (outcome.kind) {
      case 'paired': {
        const { session, connection, device: paired } = outcome;
        const { device, role, label } = paired;
        const where = toConnection(session, connection, this.config.regions);
        if (!where) throw pairingProblem('session_ended');
        return {
          ...{ sessionId: session.request.sessionId, device, role, label, model: session.request.model },
          connection: where,
        };
      }
      case 'not_found':
        throw new Problem(
          'pairing_not_found',
          'This code is wrong, was used, or has expired; ask for a new one.',
        );
      case 'too_many_attempts':
        throw tooManyAttempts(outcome.retryAfterMs);
      case 'session_ended':
      case 'too_many_devices':
        throw pairingProblem(outcome.kind);
      default:
        return unreachable(outcome);
    }
  }
}

function tooManyAttempts(retryAfterMs: number): Problem {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new Problem('too_many_attempts', `Too many wrong codes; try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}
