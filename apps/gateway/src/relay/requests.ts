// What a client says, looked at and stamped, on its way up.
import { status } from '@grpc/grpc-js';
import { StatusError, peekRequest, stampRequest, type RequestKind } from '@meridian/worker-client';
import { nowUs } from '../wall-clock.ts';
import { ActionRate } from './action-rate.ts';

export type Role = 'owner' | 'controller' | 'spectator';

export interface Sender {
  /** 0 for the owner. */
  readonly device: number;
  readonly role: Role;
  readonly actionsPerSecondMax: number;
}

export interface Destination {
  /** Resolves when more may be sent. */
  send(kind: Upward, device: number, request: Buffer, receivedUs: number): Promise<void> | undefined;
  /** The owner sends a device away. */
  remove(device: number): void;
}

/** What goes up to the worker. */
export type Upward = Exclude<RequestKind, 'removeDevice'>;

const ALLOWED: Readonly<Record<Role, readonly RequestKind[]>> = {
  owner: ['action', 'format', 'removeDevice'],
  controller: ['action'],
  spectator: [],
};

/** Sends requests on until there are no more. Throws `StatusError` for one that its sender may not send. */
export async function carryRequests(
  requests: AsyncIterable<Buffer>,
  { device, role, actionsPerSecondMax }: Sender,
  to: Destination,
): Promise<void> {
  const rate = new ActionRate(actionsPerSecondMax, performance.now());
  for await (const request of requests) {
    const peeked = peekRequest(request);
    if (!peeked) throw malformed('This message is not a PlayRequest with an action or a format.');
    if (!rate.take(performance.now())) throw tooFast(actionsPerSecondMax);
    if (!ALLOWED[role].includes(peeked.kind)) throw forbidden(role, peeked.kind);
    if (peeked.kind === 'removeDevice') {
      if (peeked.removedDevice === 0) throw malformed('The owner of a session cannot be removed.');
      to.remove(peeked.removedDevice);
      continue;
    }
    const gatewayReceivedUs = nowUs();
    await to.send(
      peeked.kind,
      device,
      stampRequest(request, { device, gatewayReceivedUs }, peeked),
      gatewayReceivedUs,
    );
  }
}

const malformed = (message: string) => new StatusError(status.INVALID_ARGUMENT, message, 'malformed_message');

const tooFast = (perSecondMax: number) =>
  new StatusError(
    status.RESOURCE_EXHAUSTED,
    `A client sends at most ${String(perSecondMax)} messages a second.`,
    'too_many_actions',
  );

const forbidden = (role: Role, kind: RequestKind) =>
  new StatusError(status.PERMISSION_DENIED, `A ${role} may not send a ${kind}.`, 'role_forbidden');
