import type { Metadata } from '@grpc/grpc-js';
import { continueTrace } from '@meridian/telemetry';
import { RefusalError } from '../refusal.ts';

export interface ServeMetadata {
  readonly token: string | undefined;
  readonly clientKey: string;
  readonly traceId: string;
  /** The first message says where to go on from. */
  readonly restores: boolean;
  readonly nextFrameNumber?: number;
}

const CLIENT_KEY = /^[A-Za-z0-9_-]{16,64}$/;

/** What a gateway says when it opens a stream (worker.proto). @throws RefusalError INVALID_ARGUMENT naming the field. */
export function readServeMetadata(metadata: Metadata): ServeMetadata {
  const clientKey = textOf(metadata, 'meridian-client-key') ?? '';
  if (!CLIENT_KEY.test(clientKey)) {
    throw invalid('meridian-client-key', 'has 16 to 64 characters of A-Z, a-z, 0-9, _ and -');
  }
  const nextFrameNumber = nextFrameOf(metadata);
  return {
    token: bearerOf(metadata),
    clientKey,
    traceId: continueTrace(textOf(metadata, 'traceparent')).traceId,
    restores: restoresOf(metadata),
    ...(nextFrameNumber !== undefined && { nextFrameNumber }),
  };
}

/** The credentials of `authorization: Bearer CREDENTIALS`. */
export function bearerOf(metadata: Metadata): string | undefined {
  return /^Bearer (\S+)$/i.exec(textOf(metadata, 'authorization') ?? '')?.[1];
}

function restoresOf(metadata: Metadata): boolean {
  const text = textOf(metadata, 'meridian-restore');
  if (text !== undefined && text !== '1') throw invalid('meridian-restore', 'is 1 or left out');
  return text === '1';
}

function nextFrameOf(metadata: Metadata): number | undefined {
  const text = textOf(metadata, 'meridian-next-frame');
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw invalid('meridian-next-frame', 'is a frame number');
  return value;
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return value?.toString();
}

function invalid(field: string, rule: string): RefusalError {
  return new RefusalError('INVALID_ARGUMENT', 'malformed_metadata', `${field}: It ${rule}.`);
}
