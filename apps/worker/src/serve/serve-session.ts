// One gateway's stream of one session: metadata checked, then actions to the engine and frames from it.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Checkpoint } from '@meridian/protocol';
import type { Logger } from '@meridian/telemetry';
import type { Clock } from '../clock.ts';
import type { FrameEncoder } from '../encode/frame-encoder.ts';
import type { Engine } from '../engine/engine.ts';
import type { Closing } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import type { Refusal } from '../refusal.ts';
import { readServeMetadata } from './call-metadata.ts';
import { refusalOfFormat } from './frame-format.ts';
import { refusalOfThrown, toServiceError } from './grpc-status.ts';
import { Outbox } from './outbox.ts';
import { malformedRestore, readMessage, readRestore } from './play-messages.ts';
import type { TokenReader } from './session-token.ts';

/** Messages as bytes (play-messages.ts). */
export type ServeCall = ServerDuplexStream<Uint8Array, Uint8Array>;

export interface ServePorts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly tokens: TokenReader;
  readonly encoder: FrameEncoder;
  readonly logger: Logger;
  /** A client is sent less than before, or as much as it asked for again. */
  readonly paced: () => void;
}

/** A reader that reads nothing gets this long for the last words of its stream. */
const LAST_WORDS_MS = 2_000;
const RESTORE_US_MAX = 5_000_000;

export async function serveSession(ports: ServePorts, call: ServeCall): Promise<void> {
  try {
    const { token, restores, ...metadata } = readServeMetadata(call.metadata);
    const grant = await ports.tokens.read(token, ports.clock.nowUs() / 1_000);
    const checkpoint = restores && !call.cancelled ? await restoreOf(ports, call) : undefined;
    if (call.cancelled) return;
    const outbox = outboxOf(ports, call);
    const attached = ports.engine.attach({ grant, ...metadata, ...(checkpoint && { checkpoint }) }, outbox);
    if (attached.kind === 'refused') return refuse(ports, call, attached.refusal, grant.sessionId);
    listen(ports, call, attached.session, outbox);
  } catch (error) {
    const refusal = refusalOfThrown(error);
    if (refusal.status === 'INTERNAL') ports.logger.error({ err: error }, 'stream failed to open');
    refuse(ports, call, refusal);
  }
}

/** A format that this worker cannot make is left out: the session goes on with the worker's own. */
async function restoreOf({ clock, encoder }: ServePorts, call: ServeCall): Promise<Checkpoint | undefined> {
  let cancel: (() => void) | undefined;
  const tooLate = new Promise<void>((resolve) => {
    cancel = clock.at(clock.nowUs() + RESTORE_US_MAX, resolve);
  });
  try {
    const checkpoint = await readRestore(call, tooLate);
    const { format } = checkpoint ?? {};
    const usable = format !== undefined && refusalOfFormat(format, encoder.codecs) === undefined;
    return checkpoint && { ...checkpoint, format: usable ? format : undefined };
  } finally {
    cancel?.();
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
    const refused = takeMessage(ports, session, outbox, message);
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
  call.resume();
}

function takeMessage(
  { engine, encoder }: ServePorts,
  session: Session,
  outbox: Outbox,
  bytes: Uint8Array,
): Refusal | undefined {
  try {
    const { message, device, gatewayReceivedUs: gatewayUs } = readMessage(bytes);
    switch (message.$case) {
      case 'action':
        return engine.act(session, outbox, message.value, { device, gatewayUs });
      case 'format':
        return (
          refusalOfFormat(message.value, encoder.codecs) ??
          void engine.formatFrames(session, outbox, message.value)
        );
      case 'restore':
        return malformedRestore('Only the first message of a stream with meridian-restore may be one.')
          .refusal;
      case 'feedback':
        return void outbox.feedback(message.value, session.format);
      case 'handOver':
        return void engine.handOver(session, outbox);
    }
  } catch (error) {
    return refusalOfThrown(error);
  }
}

function outboxOf(ports: ServePorts, call: ServeCall): Outbox {
  return new Outbox({
    clock: ports.clock,
    encoder: ports.encoder,
    write: (message) =>
      new Promise((resolve, reject) =>
        call.write(message, (error?: Error | null) => (error ? reject(error) : resolve())),
      ),
    finish: (closing) => finish(call, closing),
    paced: ports.paced,
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
