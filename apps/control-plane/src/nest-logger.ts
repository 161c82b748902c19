import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@meridian/telemetry';

/** Nest's own messages, in our log. Its start-up chatter is for debugging. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#logger.debug({ nest: rest }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#logger.warn({ nest: rest }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.error({ nest: rest }, String(message));
  }
}
