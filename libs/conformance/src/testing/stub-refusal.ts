import { Metadata, status, type ServiceError } from '@grpc/grpc-js';

/** A status with its machine code, as the contract wants refusals. */
export class StubRefusal extends Error implements ServiceError {
  readonly code: status;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(name: keyof typeof status, meridianCode: string, details = meridianCode) {
    super(details);
    this.code = status[name];
    this.details = details;
    this.metadata.set('meridian-code', meridianCode);
  }
}
