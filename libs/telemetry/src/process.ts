import { ConfigError, EXIT_CONFIG } from './env.ts';
import type { Logger } from './logger.ts';

const GRACE_MS = 5_000;

/**
 * Runs `close` on the first SIGTERM or SIGINT and then exits 0. A second signal, or `graceMs` without an end,
 * exits 1 at once: whoever stopped us must not wait for ever.
 */
export function onShutdown(logger: Logger, close: () => Promise<void>, graceMs = GRACE_MS): void {
  let closing = false;
  const stop = (signal: NodeJS.Signals) => {
    if (closing) process.exit(1);
    closing = true;
    logger.info({ signal }, 'shutting down');
    setTimeout(() => {
      logger.error({ graceMs }, 'shutdown took too long');
      process.exit(1);
    }, graceMs).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/**
 * The outermost frame of a process: a wrong environment is one sentence on stderr and exit code 78; any other
 * failure to start, and any error that nobody caught later, is logged and exits 1.
 */
export function runProcess(logger: Logger, main: () => Promise<void>): void {
  const fail = (error: unknown) => {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(EXIT_CONFIG);
    }
    logger.fatal({ err: error }, 'ended by an error');
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  main().catch(fail);
}
