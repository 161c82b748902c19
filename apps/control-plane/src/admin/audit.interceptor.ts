import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { AuditLog, Clock, Incidents } from '@meridian/application';
import type { FastifyRequest } from 'fastify';
import { concatMap, type Observable } from 'rxjs';
import { AUDIT, CLOCK, INCIDENTS } from '../tokens.ts';

/** Notes every admin call that changed something, once it has. Answers are not noted: one of them carries a new key. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    @Inject(AUDIT) private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(INCIDENTS) private readonly incidents: Incidents,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.method === 'GET' || request.method === 'HEAD') return next.handle();
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        await this.#note(request);
        return answer;
      }),
    );
  }

  async #note({ method, routeOptions, params, body }: FastifyRequest): Promise<void> {
    const action = `${method} ${routeOptions.url ?? ''}`;
    const detail = { params, ...(body === undefined ? {} : { body }) };
    const note = { atMs: this.clock.nowMs(), actor: 'operator', action, detail } as const;
    await this.audit
      .note(note)
      .catch((error: unknown) => this.incidents.note('admin call not noted', error, { action }));
  }
}
