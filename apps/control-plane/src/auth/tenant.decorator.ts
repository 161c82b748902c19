import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Tenant } from '@meridian/application';
import type { FastifyRequest } from 'fastify';

/** The tenant that the API key guard let in. */
export const CurrentTenant = createParamDecorator((_data: unknown, context: ExecutionContext): Tenant => {
  const { tenant } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!tenant) throw new Error('a route reads the tenant without the API key guard');
  return tenant;
});
