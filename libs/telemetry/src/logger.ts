import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

const SECRETS = ['authorization', 'token', 'secret', 'apiKey'];

const levelFromEnv = (): string => {
  const level = process.env['LOG_LEVEL']?.toLowerCase() ?? 'info';
  return level === 'silent' || level in pino.levels.values ? level : 'info';
};

/**
 * JSON lines on stdout: `{time (ISO 8601), level (a word), service, ...bindings, msg}`.
 * The level comes from LOG_LEVEL (trace, debug, info, warn, error, fatal, silent), else `info`.
 * Bind `region`, `workerId`, `traceId`, `sessionId` where they are known, with `logger.child({...})`.
 * Fields called authorization, token, secret or apiKey are never written out.
 */
export function createLogger(service: string, bindings: Readonly<Record<string, unknown>> = {}): Logger {
  return pino({
    level: levelFromEnv(),
    base: { service, ...bindings },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
  });
}
