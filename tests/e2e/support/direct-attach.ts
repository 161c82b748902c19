// A client that goes around the gateways, to the worker that a token names.

import { credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import { WorkerServiceClient } from '@meridian/protocol/worker';
import { decodeJwt } from 'jose';

export interface Refused {
  readonly code: number;
  readonly meridianCode: string;
}

/** How the worker ended the stream. */
export function attachDirectly(token: string, clientKey = 'd'.repeat(24)): Promise<Refused> {
  const { mer } = decodeJwt<{ mer: { workerAddress: string } }>(token);
  const worker = new WorkerServiceClient(mer.workerAddress, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  metadata.set('meridian-client-key', clientKey);
  const call = worker.serve(metadata);
  call.on('error', () => undefined).resume();
  return new Promise((resolve) => {
    call.on('status', ({ code, metadata: trailers }: StatusObject) => {
      worker.close();
      resolve({ code, meridianCode: String(trailers.get('meridian-code')[0] ?? '') });
    });
  });
}
