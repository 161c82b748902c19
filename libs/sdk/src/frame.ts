import { Codec, type Frame as WireFrame } from '@meridian/protocol';

export type FrameCodec = 'jpeg' | 'webp' | 'raw-rgb' | 'unknown';

/** One picture of the world. */
export interface Frame {
  /** Rises by one with every frame stepped; a gap means frames were dropped on the way. */
  readonly number: number;
  readonly keyframe: boolean;
  readonly codec: FrameCodec;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Encoded in `codec`; raw RGB has 8 bits a channel, rows from the top. */
  readonly image: Uint8Array;
  /** Number of the newest action that this frame's step has seen; 0 before the first. */
  readonly lastActionSeq: number;
  /** The device that this action came from; 0 is the session's owner. */
  readonly lastActionDevice: number;
  readonly epoch: number;
  /** Client clock, Unix ms. */
  readonly receivedAtMs: number;
  /** Of the oldest action that this frame is the first to show, ms; undefined when it shows no new one. */
  readonly actionToFrameMs?: number;
}

const CODECS: Partial<Record<Codec, FrameCodec>> = {
  [Codec.JPEG]: 'jpeg',
  [Codec.WEBP]: 'webp',
  [Codec.RAW_RGB]: 'raw-rgb',
};

export function toFrame(wire: WireFrame, receivedAtMs: number, actionToFrameMs: number | undefined): Frame {
  return {
    number: wire.number,
    keyframe: wire.keyframe,
    codec: CODECS[wire.codec] ?? 'unknown',
    width: wire.width,
    height: wire.height,
    image: wire.image,
    lastActionSeq: wire.lastActionSeq,
    lastActionDevice: wire.lastActionDevice,
    epoch: wire.epoch,
    receivedAtMs,
    ...(actionToFrameMs !== undefined && { actionToFrameMs }),
  };
}
