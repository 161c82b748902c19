import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  FleetServiceClient,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type RegisterRequest,
  type RegisterResponse,
} from '@meridian/protocol/worker';

/** The control plane, as a worker sees it. Calls reject with a gRPC `ServiceError`. */
export interface Fleet {
  register(request: RegisterRequest, msMax: number): Promise<RegisterResponse>;
  heartbeat(request: HeartbeatRequest, msMax: number): Promise<HeartbeatResponse>;
  close(): void;
}

type Call<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response: Response) => void,
) => void;

export function grpcFleet(address: string, secret: string): Fleet {
  const client = new FleetServiceClient(address, credentials.createInsecure(), {
    // The link has its own pace; the channel must not stay away for minutes after a long outage.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  const ask = <Request, Response>(
    call: Call<Request, Response>,
    request: Request,
    msMax: number,
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      call(request, metadata, { deadline: Date.now() + msMax }, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  return {
    register: (request, msMax) =>
      ask<RegisterRequest, RegisterResponse>((...args) => client.register(...args), request, msMax),
    heartbeat: (request, msMax) =>
      ask<HeartbeatRequest, HeartbeatResponse>((...args) => client.heartbeat(...args), request, msMax),
    close: () => client.close(),
  };
}
