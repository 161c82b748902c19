import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import type { OfferPairing, SessionDevices, Tenant } from '@meridian/application';
import { showPairingCode, unreachable, type Device, type SessionId } from '@meridian/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import type { Config } from '../config.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { IdParam } from '../http/id-param.ts';
import { Problem } from '../http/problem.ts';
import { SessionIdText, defined, toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { found, SESSION_ID } from '../sessions/found.ts';
import { CONFIG, OFFER_PAIRING, SESSION_DEVICES } from '../tokens.ts';
import { pairingProblem } from './pairing-problem.ts';
import * as schemas from './pairing.schemas.ts';

const noDevice = () => new Problem('device_not_found', 'The session never had a device of this number.');
const DEVICE = new IdParam<string>(/^[1-9]\d{0,8}$/, noDevice);
const DeviceText = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .meta({ example: '1' });

@Controller('v1/sessions/:sessionId')
@UseGuards(ApiKeyGuard)
export class PairingsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(OFFER_PAIRING) private readonly offer: OfferPairing,
    @Inject(SESSION_DEVICES) private readonly devices: SessionDevices,
  ) {}

  @Post('pairings')
  @Endpoint({
    tag: 'pairing',
    summary: 'Offer a place beside you to another device',
    description:
      'The answer is a code for one device, good for five minutes; a session has at most 8 devices at a time, and the ' +
      'newest 8 codes of it count.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    body: schemas.OfferPairing,
    status: 201,
    answer: schemas.PairingOffer,
    problems: ['session_not_found', 'session_ended', 'session_not_placed', 'too_many_devices'],
  })
  async offerPairing(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
    @Body(new Valid(schemas.OfferPairing)) body: z.output<typeof schemas.OfferPairing>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof schemas.PairingOffer>> {
    const { role, label } = body;
    const outcome = await this.offer({ tenantId, sessionId, role, ...defined({ label }) });
    switch (outcome.kind) {
      case 'offered': {
        const code = showPairingCode(outcome.code);
        const joinUrl = `${this.#origin(request)}/join#${code}`;
        return { code, role, expiresAt: toIso(outcome.expiresAtMs), joinUrl };
      }
      case 'not_found':
        return found<never>(undefined);
      case 'session_queued':
        throw new Problem(
          'session_not_placed',
          'The session waits for a slot; pair devices once it has one.',
        );
      case 'session_ended':
      case 'too_many_devices':
        throw pairingProblem(outcome.kind);
      default:
        return unreachable(outcome);
    }
  }

  @Get('devices')
  @Endpoint({
    tag: 'pairing',
    summary: 'Devices that were paired with a session',
    description: 'Also those that were removed, with the time.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText },
    answer: schemas.DeviceList,
    problems: ['session_not_found'],
  })
  async listDevices(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
  ): Promise<z.output<typeof schemas.DeviceList>> {
    return { devices: found(await this.devices.list(tenantId, sessionId)).map(viewDevice) };
  }

  @Delete('devices/:device')
  @HttpCode(204)
  @Endpoint({
    tag: 'pairing',
    summary: 'Remove a device',
    description:
      'Its place is free for another. The owner’s stream sends it away (`remove_device`); the SDK does both. Removing ' +
      'twice is harmless.',
    auth: 'apiKey',
    params: { sessionId: SessionIdText, device: DeviceText },
    status: 204,
    answerNote: 'Removed',
    problems: ['session_not_found', 'device_not_found'],
  })
  async removeDevice(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('sessionId', SESSION_ID) sessionId: SessionId,
    @Param('device', DEVICE) device: string,
  ): Promise<void> {
    const outcome = await this.devices.remove(tenantId, sessionId, Number(device));
    if (outcome === 'session_not_found') found(undefined);
    if (outcome === 'device_not_found') throw noDevice();
  }

  /** Where people reach the page: as configured, else as this caller reached us. */
  #origin({ protocol, host }: FastifyRequest): string {
    return this.config.publicUrl ?? `${protocol}://${host}`;
  }
}

const viewDevice = ({ device, role, label, pairedAtMs, removedAtMs }: Device) => ({
  ...{ device, role, pairedAt: toIso(pairedAtMs) },
  ...(label !== undefined && { label }),
  ...(removedAtMs !== undefined && { removedAt: toIso(removedAtMs) }),
});
