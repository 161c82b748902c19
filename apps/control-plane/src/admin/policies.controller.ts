import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Put,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type {
  Clock,
  ModelPolicies,
  PoliciesInForce,
  SessionLimits,
  StoredPolicy,
} from '@meridian/application';
import type { PlacementPolicy } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { defined, toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { ModelName } from '../sessions/session.schemas.ts';
import { CLOCK, MODEL_POLICIES, POLICIES } from '../tokens.ts';
import { AuditInterceptor } from './audit.interceptor.ts';
import * as schemas from './policy.schemas.ts';

const MODEL = new Valid(ModelName, 'model');

@Controller('admin/v1/models')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class PoliciesController {
  constructor(
    @Inject(MODEL_POLICIES) private readonly policies: ModelPolicies,
    @Inject(POLICIES) private readonly inForce: PoliciesInForce,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':model/policy')
  @Endpoint({
    tag: 'fleet',
    summary: "Read a model's policy",
    description: 'The default, with `source` `default`, where none was put. A model need not be known yet.',
    auth: 'adminKey',
    params: { model: ModelName },
    answer: schemas.PolicyView,
    problems: ['invalid_request'],
  })
  async readPolicy(@Param('model', MODEL) model: string): Promise<z.output<typeof schemas.PolicyView>> {
    const stored = await this.policies.get(model);
    if (stored) return this.#viewStored(stored);
    return viewPolicy(model, this.inForce.fallback, this.inForce.fallbackLimits, 'default');
  }

  @Put(':model/policy')
  @Endpoint({
    tag: 'fleet',
    summary: "Put a model's policy",
    description:
      'How its sessions are placed, and how long they are held and last. It replaces the one before and is in force within ' +
      '5 s, for those who wait already too; a session keeps the limits of its token until it is given another. What is ' +
      'absent is as in the default.',
    auth: 'adminKey',
    params: { model: ModelName },
    body: schemas.PutPolicy,
    answer: schemas.PolicyView,
  })
  async putPolicy(
    @Param('model', MODEL) model: string,
    @Body(new Valid(schemas.PutPolicy)) body: z.output<typeof schemas.PutPolicy>,
  ): Promise<z.output<typeof schemas.PolicyView>> {
    const { fallback } = this.inForce;
    const policy: PlacementPolicy = {
      targetActionToFrameMs: body.targetActionToFrameMs ?? fallback.targetActionToFrameMs,
      latencySteps: body.latencySteps ?? fallback.latencySteps,
      maxWaitMs: body.maxWaitMs ?? fallback.maxWaitMs,
    };
    const limits: Partial<SessionLimits> = defined({
      ...{ holdMs: body.holdMs, idleMs: body.idleMs, maxDurationMs: body.maxDurationMs },
    });
    const stored = { model, policy, limits, updatedAtMs: this.clock.nowMs() };
    await this.policies.put(stored);
    return this.#viewStored(stored);
  }

  @Delete(':model/policy')
  @HttpCode(204)
  @Endpoint({
    tag: 'fleet',
    summary: "Remove a model's policy",
    description: 'The default is in force within 5 s. Removing what is not there is fine.',
    auth: 'adminKey',
    params: { model: ModelName },
    status: 204,
    answerNote: 'Removed',
    problems: ['invalid_request'],
  })
  async removePolicy(@Param('model', MODEL) model: string): Promise<void> {
    await this.policies.remove(model);
  }

  #viewStored({ model, policy, limits, updatedAtMs }: StoredPolicy) {
    const inForce = { ...this.inForce.fallbackLimits, ...limits };
    return { ...viewPolicy(model, policy, inForce, 'model'), updatedAt: toIso(updatedAtMs) };
  }
}

const viewPolicy = (
  model: string,
  policy: PlacementPolicy,
  limits: SessionLimits,
  source: 'model' | 'default',
) => ({
  ...{ model, source, targetActionToFrameMs: policy.targetActionToFrameMs },
  ...{ latencySteps: [...policy.latencySteps], maxWaitMs: policy.maxWaitMs },
  ...limits,
});
