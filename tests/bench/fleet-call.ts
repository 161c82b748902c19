// Calls of the control plane's FleetService, as a worker makes them.
import { type Client, Metadata } from '@grpc/grpc-js';
import {
  FleetServiceService,
  HeartbeatRequest,
  HeartbeatResponse,
  RegisterRequest,
  RegisterResponse,
} from '@meridian/protocol/worker';

export const register = (
  client: Client,
  secret: string,
  request: RegisterRequest,
): Promise<RegisterResponse> =>
  call(client, 'register', secret, RegisterRequest.encode(request).finish(), RegisterResponse.decode);

export const heartbeat = (
  client: Client,
  secret: string,
  request: HeartbeatRequest,
): Promise<HeartbeatResponse> =>
  call(client, 'heartbeat', secret, HeartbeatRequest.encode(request).finish(), HeartbeatResponse.decode);

/** Rejects with the gRPC error, and after two seconds. */
function call<Response>(
  client: Client,
  method: 'register' | 'heartbeat',
  secret: string,
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => Response,
): Promise<Response> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      FleetServiceService[method].path,
      () => Buffer.from(bytes),
      decode,
      undefined,
      metadata,
      { deadline: Date.now() + 2_000 },
      (error, response) => (error || !response ? reject(error ?? new Error('no answer')) : resolve(response)),
    );
  });
}
