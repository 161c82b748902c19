// Messages of the data path, any that the contract allows.
import { DeviceRole, NoticeKind, type PlayRequest, type PlayResponse } from '@meridian/protocol';
import fc from 'fast-check';

export const count = fc.maxSafeNat();
/** As large as the wire allows; a real one is at most 8. */
export const device = fc.integer({ min: 0, max: 2 ** 32 - 1 });
export const bytes = fc.uint8Array({ maxLength: 300 });

export const frame = fc.record({
  $case: fc.constant('frame' as const),
  value: fc.record({
    number: count,
    keyframe: fc.boolean(),
    codec: fc.integer({ min: 0, max: 3 }),
    width: fc.nat(),
    height: fc.nat(),
    lastActionSeq: count,
    epoch: count,
    actionReceivedUs: count,
    stepStartedUs: count,
    stepEndedUs: count,
    encodedUs: count,
    lastActionDevice: device,
    actionGatewayUs: count,
    image: bytes,
  }),
});
const notice = fc.record({
  $case: fc.constant('notice' as const),
  value: fc.record({
    kind: fc.integer({ min: 0, max: NoticeKind.WAITING }),
    endReason: fc.string(),
    detail: fc.string({ unit: 'grapheme' }),
    epoch: count,
    nextFrameNumber: count,
    device,
    role: fc.integer({ min: 0, max: DeviceRole.SPECTATOR }),
    endsInMs: device,
    sessionToken: fc.string(),
  }),
});
const action = fc.record({
  seq: count,
  clientTimeUs: count,
  buttons: fc.array(fc.string(), { maxLength: 5 }),
  // A decoder that puts them in a plain object cannot keep `__proto__`.
  axes: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.float({ min: -1, max: 1, noNaN: true }),
  ),
  text: fc.string({ unit: 'grapheme' }),
});
const format = fc.record({
  codec: fc.integer({ min: 0, max: 3 }),
  width: fc.nat(),
  height: fc.nat(),
  quality: fc.nat(),
});
export const checkpoint = fc.record({
  $case: fc.constant('checkpoint' as const),
  value: fc.record({
    model: fc.string(),
    modelVersion: fc.string(),
    epoch: count,
    frameNumber: count,
    lastActionSeq: count,
    state: bytes,
    action: fc.option(action, { nil: undefined }),
    format: fc.option(format, { nil: undefined }),
    deviceSeqs: fc.array(fc.record({ device, seq: count }), { maxLength: 8 }),
    actionDevice: device,
  }),
});
const draining = fc.record({
  $case: fc.constant('draining' as const),
  value: fc.record({ withinMs: device }),
});
export const response: fc.Arbitrary<PlayResponse> = fc.record({
  message: fc.option(fc.oneof(frame, notice, checkpoint, draining), { nil: undefined }),
  gatewaySentUs: count,
});
/** What a client may send; it may also write what the gateway will override. */
export const request: fc.Arbitrary<PlayRequest> = fc.record({
  message: fc.oneof(
    action.map((value) => ({ $case: 'action' as const, value })),
    format.map((value) => ({ $case: 'format' as const, value })),
    device.map((value) => ({ $case: 'removeDevice' as const, value: { device: value } })),
  ),
  device,
  gatewayReceivedUs: count,
});
const feedback = fc.record({ framesSent: count, framesDropped: count, waitMs: device });
/** What only a gateway may send. */
export const gatewayRequest: fc.Arbitrary<PlayRequest> = fc.record({
  message: fc.oneof(
    checkpoint.map(({ value }) => ({ $case: 'restore' as const, value })),
    feedback.map((value) => ({ $case: 'feedback' as const, value })),
    fc.constant({ $case: 'handOver' as const, value: {} }),
  ),
  device,
  gatewayReceivedUs: count,
});
