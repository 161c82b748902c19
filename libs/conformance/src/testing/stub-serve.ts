// One Serve stream of the stub: metadata and token, an opening with or without a restore, then actions and formats.
import type { Metadata } from '@grpc/grpc-js';
import type { Checkpoint } from '@meridian/protocol';
import { readSessionToken, type SessionTokenClaims } from '@meridian/protocol/session-token';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet } from 'jose';
import type { Break } from './breaks.ts';
import { checkAction, checkFormat, decodeRequest, type StubRequest } from './stub-checks.ts';
import { StubOutlet, type ServeCall } from './stub-outlet.ts';
import { StubRefusal } from './stub-refusal.ts';
import type { StubSession } from './stub-session.ts';
import type { StubSessions } from './stub-sessions.ts';

export interface StubServePorts {
  readonly workerId: string;
  readonly sessions: StubSessions;
  readonly broken: Break | undefined;
  readonly jwksJson: () => string;
  /** Registers again, for newer keys. */
  readonly refreshKeys: () => Promise<void>;
}

const RESTORE_WITHIN_MS = 5_000;
const BYTES_MAX = 64 * 1024;
const CLIENT_KEY = /^[A-Za-z0-9_-]{16,64}$/;

export async function serve(ports: StubServePorts, call: ServeCall): Promise<void> {
  const outlet = new StubOutlet(call, ports.broken);
  const inbox: Uint8Array[] = [];
  let take = (bytes: Uint8Array): unknown => inbox.push(bytes);
  call.on('data', (bytes: Uint8Array) => take(bytes));
  call.on('error', () => undefined);
  try {
    const opening = await read(ports, call.metadata);
    const wantsRestore = textOf(call.metadata, 'meridian-restore') === '1';
    const checkpoint = wantsRestore ? await restoreOf(call, inbox) : undefined;
    if (call.cancelled) return;
    const session = ports.sessions.open({ ...opening, checkpoint }, outlet);
    const leave = () => ports.sessions.detach(session, outlet);
    call.on('cancelled', leave).on('end', leave).on('error', leave);
    take = (bytes) => taken(ports, session, outlet, bytes);
    inbox.splice(0).forEach((bytes) => take(bytes));
  } catch (error) {
    outlet.close(error as StubRefusal);
  }
}

async function read({ jwksJson, refreshKeys, workerId, broken }: StubServePorts, metadata: Metadata) {
  const clientKey = textOf(metadata, 'meridian-client-key') ?? '';
  if (!CLIENT_KEY.test(clientKey)) throw new StubRefusal('INVALID_ARGUMENT', 'malformed_metadata');
  const token = /^Bearer (\S+)$/.exec(textOf(metadata, 'authorization') ?? '')?.[1];
  if (token === undefined) throw new StubRefusal('UNAUTHENTICATED', 'token_missing');
  const check = () =>
    readSessionToken(token, createLocalJWKSet(JSON.parse(jwksJson()) as JSONWebKeySet), Date.now());
  let result = await check();
  if (result.kind === 'refused' && result.isKeyUnknown) {
    await refreshKeys();
    result = await check();
  }
  const isTaken =
    result.kind === 'refused' && result.code === 'token_forged' && broken === 'takes-forged-tokens';
  if (result.kind === 'refused' && !isTaken) throw new StubRefusal('UNAUTHENTICATED', result.code);
  const claims = result.kind === 'valid' ? result.claims : unchecked(token);
  if (claims.workerId !== workerId) throw new StubRefusal('PERMISSION_DENIED', 'wrong_worker');
  if (claims.device !== 0 && broken !== 'takes-tokens-of-devices')
    throw new StubRefusal('PERMISSION_DENIED', 'role_forbidden');
  const traceId = textOf(metadata, 'traceparent')?.split('-')[1] ?? '';
  return { claims, clientKey, traceId, nextFrame: Number(textOf(metadata, 'meridian-next-frame') ?? 1) };
}

function unchecked(token: string): SessionTokenClaims {
  const { sub, mer } = decodeJwt<{ mer: Omit<SessionTokenClaims, 'sessionId'> }>(token);
  return { ...mer, sessionId: sub ?? '' };
}

async function restoreOf(call: ServeCall, inbox: Uint8Array[]): Promise<Checkpoint> {
  const malformed = new StubRefusal('INVALID_ARGUMENT', 'malformed_restore');
  const untilMs = performance.now() + RESTORE_WITHIN_MS;
  while (inbox.length === 0) {
    if (performance.now() > untilMs || call.cancelled) throw malformed;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { message } = decodeRequest(inbox.shift() ?? new Uint8Array(0));
  if (message.$case !== 'restore') throw malformed;
  return message.value;
}

function taken(
  { sessions, broken }: StubServePorts,
  session: StubSession,
  outlet: StubOutlet,
  bytes: Uint8Array,
): void {
  try {
    if (bytes.length > BYTES_MAX) throw new StubRefusal('RESOURCE_EXHAUSTED', 'message_too_large');
    take(sessions, session, decodeRequest(bytes), broken);
  } catch (error) {
    if (broken === 'hangs-on-garbage' && (error as StubRefusal).details === 'malformed_message') return;
    sessions.detach(session, outlet);
    outlet.close(error as StubRefusal);
  }
}

function take(
  sessions: StubSessions,
  session: StubSession,
  { message, device, gatewayReceivedUs }: StubRequest,
  broken: Break | undefined,
): void {
  switch (message.$case) {
    case 'action':
      checkAction(message.value, broken);
      return session.act(message.value, device, gatewayReceivedUs);
    case 'format':
      checkFormat(message.value, broken);
      session.format = message.value;
      return;
    case 'feedback':
      return session.feedback(message.value.framesDropped);
    case 'handOver':
      return sessions.handOver(session);
    case 'restore':
      throw new StubRefusal('INVALID_ARGUMENT', 'malformed_restore');
    case 'removeDevice':
      if (broken !== 'takes-removals') throw new StubRefusal('INVALID_ARGUMENT', 'malformed_message');
  }
}

const textOf = (metadata: Metadata, name: string): string | undefined => metadata.get(name)[0]?.toString();
