// One gateway's stream of one session: metadata checked, then actions to the engine and frames from it.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { PlayRequest, type Action } from '@meridian/protocol';
import type { Logger } from '@meridian/telemetry';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Closing } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import { RefusalError, type Refusal } from '../refusal.ts';
import { readServeMetadata } from './call-metadata.ts';
import { refusalOfThrown, toServiceError } from './grpc-status.ts';
import { Outbox, type EncodeImage } from './outbox.ts';
import type { TokenReader } from './session-token.ts';

/** Messages as bytes: what a client sends is decoded here, where a malformed one can be refused in our own words. */
export type ServeCall = ServerDuplexStream<Uint8Array, Uint8Array>;

export interface ServePorts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly tokens: TokenReader;
  readonly encode: EncodeImage;
  readonly logger: Logger;
}

/** A reader that reads nothing gets this long for the last words of its stream. */
const LAST_WORDS_MS = 2_000;

export async function serveSession(ports: ServePorts, call: ServeCall): Promise<void> {
  try {
    const { token, ...metadata } = readServeMetadata(call.metadata);
    const grant = await ports.tokens.read(token, ports.clock.nowUs() / 1_000);
    if (call.cancelled) return;
    const outbox = outboxOf(ports, call);
    const attached = ports.engine.attach({ grant, ...metadata }, outbox);
    if (attached.kind === 'refused') return refuse(ports, call, attached.refusal, grant.sessionId);
    listen(ports, call, attached.session, outbox);
  } catch (error) {
    const refusal = refusalOfThrown(error);
    if (refusal.status === 'INTERNAL') ports.logger.error({ err: error }, 'stream failed to open');
    refuse(ports, call, refusal);
  }
}

function listen(ports: ServePorts, call: ServeCall, session: Session, outbox: Outbox): void {
  const { engine } = ports;
  const logger = ports.logger.child({
    sessionId: session.id,
    traceId: session.traceId,
    epoch: session.epoch,
  });
  logger.info({ nextFrame: session.frameNumber + 1 }, 'stream opened');
  const leave = (why: string): void => {
    if (session.stream === outbox) logger.info({ why }, 'stream closed, session held');
    engine.detach(session, outbox);
  };
  call.on('data', (message: Uint8Array) => {
    const refused = takeMessage(engine, session, outbox, message);
    if (refused === undefined) return;
    logger.info({ code: refused.code, detail: refused.message }, 'message refused');
    leave(refused.code);
    outbox.close({ kind: 'refused', refusal: refused });
  });
  call.on('end', () => {
    leave('half_closed');
    call.end();
  });
  call.on('cancelled', () => leave('cancelled'));
  call.on('error', (error) => leave(error.message));
}

function takeMessage(
  engine: Engine,
  session: Session,
  outbox: Outbox,
  bytes: Uint8Array,
): Refusal | undefined {
  try {
    return engine.act(session, outbox, decodeAction(bytes));
  } catch (error) {
    return refusalOfThrown(error);
  }
}

function decodeAction(bytes: Uint8Array): Action {
  const malformed = new RefusalError(
    'INVALID_ARGUMENT',
    'malformed_message',
    'The message is not a PlayRequest with an action.',
  );
  let request: PlayRequest;
  try {
    request = PlayRequest.decode(bytes);
  } catch {
    throw malformed;
  }
  if (request.message === undefined) throw malformed;
  return request.message.value;
}

function outboxOf(ports: ServePorts, call: ServeCall): Outbox {
  return new Outbox({
    clock: ports.clock,
    encode: ports.encode,
    write: (message) =>
      new Promise((resolve, reject) =>
        call.write(message, (error?: Error | null) => (error ? reject(error) : resolve())),
      ),
    finish: (closing) => finish(call, closing),
    failed: (error) => {
      if (call.cancelled) return;
      ports.logger.error({ err: error }, 'frame could not be sent');
      call.emit('error', toServiceError(refusalOfThrown(error)));
    },
  });
}

function finish(call: ServeCall, closing: Closing): void {
  const timer = setTimeout(() => call.destroy(), LAST_WORDS_MS);
  call.once('close', () => clearTimeout(timer));
  if (closing.kind === 'ended') call.end();
  else call.emit('error', toServiceError(closing.refusal));
}

function refuse({ logger }: ServePorts, call: ServeCall, refusal: Refusal, sessionId?: string): void {
  logger.info({ sessionId, code: refusal.code }, 'stream refused');
  call.emit('error', toServiceError(refusal));
}
