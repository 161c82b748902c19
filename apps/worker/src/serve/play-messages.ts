// What comes up a Serve stream, as bytes: decoded here, where a malformed message can be refused in our own words.
import { PlayRequest, type Checkpoint } from '@meridian/protocol';
import { RefusalError } from '../refusal.ts';
import type { ServeCall } from './serve-session.ts';

/** What a gateway sends; removing devices is its own business. */
export interface PlayMessage extends Pick<PlayRequest, 'device' | 'gatewayReceivedUs'> {
  readonly message: Exclude<NonNullable<PlayRequest['message']>, { $case: 'removeDevice' }>;
}

/** Of anything but a restore (session_stream.proto). */
export const MESSAGE_BYTES_MAX = 64 * 1_024;

/** @throws RefusalError message_too_large or malformed_message. */
export function readMessage(bytes: Uint8Array): PlayMessage {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    throw new RefusalError(
      'RESOURCE_EXHAUSTED',
      'message_too_large',
      `The message has ${bytes.length} bytes; at most ${MESSAGE_BYTES_MAX} are taken.`,
    );
  }
  const request = decode(bytes);
  if (request !== undefined) return request;
  throw new RefusalError(
    'INVALID_ARGUMENT',
    'malformed_message',
    'The message is not a PlayRequest that a gateway sends to a worker.',
  );
}

/**
 * The checkpoint that the first message of the stream brings; the messages after it wait until the stream is read on.
 * Undefined when the caller goes away first.
 *
 * @throws RefusalError malformed_restore for another message, an end, or nothing until `tooLate`.
 */
export function readRestore(call: ServeCall, tooLate: Promise<void>): Promise<Checkpoint | undefined> {
  return new Promise((resolve, reject) => {
    call.once('data', (bytes: Uint8Array) => {
      call.pause();
      const message = decode(bytes)?.message;
      if (message?.$case === 'restore') resolve(message.value);
      else reject(malformedRestore('The first message is not a PlayRequest with a restore.'));
    });
    call.once('end', () => reject(malformedRestore('The stream ended before its first message.')));
    call.once('cancelled', () => resolve(undefined));
    void tooLate.then(() => reject(malformedRestore('The first message did not come in time.')));
  });
}

export function malformedRestore(rule: string): RefusalError {
  return new RefusalError('INVALID_ARGUMENT', 'malformed_restore', `restore: ${rule}`);
}

function decode(bytes: Uint8Array): PlayMessage | undefined {
  try {
    const { message, device, gatewayReceivedUs } = PlayRequest.decode(bytes);
    if (message === undefined || message.$case === 'removeDevice') return undefined;
    return { message, device, gatewayReceivedUs };
  } catch {
    return undefined;
  }
}
