import { status, type Metadata, type ServiceError } from '@grpc/grpc-js';
import type {
  CheckpointRequest,
  CheckpointResponse,
  DescribeResponse,
  DrainResponse,
  EndRequest,
  EndResponse,
  ForkRequest,
  ForkResponse,
  HealthResponse,
  RestoreRequest,
  RestoreResponse,
  WorkerServiceClient,
} from '@meridian/protocol/worker';
import { bearer } from './play-stream.ts';

/** What a call came to: its answer, or the name of the status with `meridian-code`. */
export type Answer<Response> =
  | { readonly kind: 'answer'; readonly value: Response }
  | { readonly kind: 'refused'; readonly status: string; readonly code: string; readonly detail: string };

type Send<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, response: Response) => void,
) => unknown;

const CALL_MS_MAX = 5_000;

/** The unary calls of WorkerService, with the region's secret unless another is given. */
export class WorkerCalls {
  readonly #client: WorkerServiceClient;
  readonly #secret: string;

  constructor(client: WorkerServiceClient, secret: string) {
    this.#client = client;
    this.#secret = secret;
  }

  describe(): Promise<Answer<DescribeResponse>> {
    return ask((...args) => this.#client.describe(...args), {}, bearer('no-secret'));
  }
  health(): Promise<Answer<HealthResponse>> {
    return ask((...args) => this.#client.health(...args), {}, bearer('no-secret'));
  }
  end(request: EndRequest, secret = this.#secret): Promise<Answer<EndResponse>> {
    return ask((...args) => this.#client.end(...args), request, bearer(secret));
  }
  drain(secret = this.#secret): Promise<Answer<DrainResponse>> {
    return ask((...args) => this.#client.drain(...args), {}, bearer(secret));
  }
  checkpoint(request: CheckpointRequest, secret = this.#secret): Promise<Answer<CheckpointResponse>> {
    return ask((...args) => this.#client.checkpoint(...args), request, bearer(secret));
  }
  restore(request: RestoreRequest, secret = this.#secret): Promise<Answer<RestoreResponse>> {
    return ask((...args) => this.#client.restore(...args), request, bearer(secret));
  }
  fork(request: ForkRequest, secret = this.#secret): Promise<Answer<ForkResponse>> {
    return ask((...args) => this.#client.fork(...args), request, bearer(secret));
  }
}

function ask<Request, Response>(
  send: Send<Request, Response>,
  request: Request,
  metadata: Metadata,
): Promise<Answer<Response>> {
  return new Promise((resolve) => {
    send(request, metadata, { deadline: Date.now() + CALL_MS_MAX }, (error, value) =>
      resolve(error === null ? { kind: 'answer', value } : refusedBy(error)),
    );
  });
}

function refusedBy({ code, metadata, details }: ServiceError): Answer<never> {
  const meridianCode = String(metadata.get('meridian-code')[0] ?? '');
  return { kind: 'refused', status: status[code], code: meridianCode, detail: details };
}
