import { Codec, type Frame as WireFrame } from '@meridian/protocol';

export type FrameCodec = 'jpeg' | 'webp' | 'raw-rgb' | 'unknown';

/** Where the time between an action and its frame went, ms. Clocks of client and region are never compared. */
export interface Hops {
  /** Client to worker and back, both ways: what remains of action-to-frame after the region's share. */
  readonly networkMs: number;
  /** From the action's arrival at the worker to the start of the step that saw it. */
  readonly waitMs: number;
  readonly stepMs: number;
  readonly encodeMs: number;
  /** From the worker's encoder to the gateway's socket. */
  readonly gatewayMs: number;
}

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
    epoch: wire.epoch,
    receivedAtMs,
    ...(actionToFrameMs !== undefined && { actionToFrameMs }),
  };
}
