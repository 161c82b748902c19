// The most memory one session can take, all queues full: what `DescribeResponse.session_bytes_max` says.
//
//   session_bytes_max = 2 raw + 3 image + 10 state + 512 KiB
//
// raw    a frame as the model makes it: one being encoded, and the newest one waiting behind it (outbox.ts, O1).
// image  a frame as the client asked for it, at most 1024 x 1024: as the encoder made it, the message with it, and
//        grpc-js's copy of that with its prefix.
// state  the session's own; its way to the model and back (in the message, in the batch, out of the model, on its own);
//        the newest checkpoint, waiting; a checkpoint being written, and grpc-js's copy of it; a copy waiting for a fork;
//        and one that a restore brings.
// 512 KiB  what arrives: HTTP/2's window and a message of at most 64 KiB, twice as it is decoded; the action in force with
//        its 4 KiB of text; the newest numbers of nine devices (devices.ts); the stream's own objects.
//
// A stream has one write under way: grpc-js calls back when the message has gone to the kernel, and until then the newest
// frame replaces the one before. So this holds whatever window a reader that does not read has announced. A stream that
// closes lets go of what waits, and its session of its state or of its copies; its last checkpoint takes their place.
//
// Not a session's, but the process's: an encoder's working memory, one image for each thread of libuv, up to some 60 MB
// for a lossless WebP of 1024 x 1024; and what the collector has not got round to yet.
import type { ModelDescription } from '@meridian/world-model';
import { SIDE_MAX } from './image-format.ts';

const CHANNELS = 3;
/** No codec makes more of a picture than it is: JPEG with halved colour is bounded by 3 bytes a pixel and its headers. */
const HEADERS = 16 * 1024;
const IMAGE_BYTES_MAX = SIDE_MAX * SIDE_MAX * CHANNELS + HEADERS;
const STREAM_BYTES_MAX = 512 * 1024;

type Sizes = Pick<ModelDescription, 'frame' | 'stateBytes'>;

export function sessionBytesMax({ frame, stateBytes }: Sizes): number {
  const raw = frame.width * frame.height * CHANNELS;
  // A model's own frames may be larger than what a client may ask for.
  const image = Math.max(IMAGE_BYTES_MAX, raw + HEADERS);
  return 2 * raw + 3 * image + 10 * stateBytes + STREAM_BYTES_MAX;
}
