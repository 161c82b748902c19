// Where the time between an action and its frame went. Client, gateway and worker have clocks of their own, and nobody
// compares them: every figure is a difference of two stamps of one clock, and each hop is what one difference leaves of
// the one around it. A clock that is set while an action is on its way may make such a difference nonsense, so that
// each is cut to what contains it: no hop is ever below 0, and together they are always the whole.
import type { Frame as WireFrame } from '@meridian/protocol';

/** Where the time between an action and its frame went, ms; the five hops add up to `totalMs`. */
export interface Hops {
  /** From the action's leaving the socket of the client to the arrival of the first frame that shows it. */
  readonly totalMs: number;
  /** Client to gateway and back, both ways: what the gateway did not see. */
  readonly networkMs: number;
  /** The gateway, and its way to the worker and back: what the worker did not see. 0 when the gateway sets no stamps. */
  readonly gatewayMs: number;
  /** From the action's arrival at the worker to the start of the step that saw it. */
  readonly waitMs: number;
  readonly stepMs: number;
  readonly encodeMs: number;
}

export const HOP_NAMES = ['networkMs', 'gatewayMs', 'waitMs', 'stepMs', 'encodeMs'] as const;

type Stamps = Pick<
  WireFrame,
  'actionGatewayUs' | 'actionReceivedUs' | 'stepStartedUs' | 'stepEndedUs' | 'encodedUs'
>;

/** `totalMs` on the client's clock; `gatewaySentUs` on the clock of `actionGatewayUs`. */
export function splitHops(frame: Stamps, gatewaySentUs: number, totalMs: number): Hops {
  const parts = [
    spanMs(frame.actionReceivedUs, frame.stepStartedUs),
    spanMs(frame.stepStartedUs, frame.stepEndedUs),
    spanMs(frame.stepEndedUs, frame.encodedUs),
  ] as const;
  const saidMs = parts[0] + parts[1] + parts[2];
  const isStamped = frame.actionGatewayUs > 0 && gatewaySentUs > 0;
  const regionMs = Math.min(totalMs, isStamped ? spanMs(frame.actionGatewayUs, gatewaySentUs) : saidMs);
  const workerMs = Math.min(regionMs, saidMs);
  const share = saidMs === 0 ? 0 : workerMs / saidMs;
  return {
    totalMs,
    networkMs: totalMs - regionMs,
    gatewayMs: regionMs - workerMs,
    waitMs: parts[0] * share,
    stepMs: parts[1] * share,
    encodeMs: parts[2] * share,
  };
}

/**
 * A typical split: the mean of the middle half by total. Medians of each hop would not add up, and the mean of all
 * would be that of the outliers. Undefined without samples.
 */
export function typicalHops(samples: readonly Hops[]): Hops | undefined {
  if (samples.length === 0) return undefined;
  const sorted = samples.toSorted((a, b) => a.totalMs - b.totalMs);
  const cut = Math.floor(sorted.length / 4);
  const middle = sorted.slice(cut, sorted.length - cut);
  const mean = (name: keyof Hops): number =>
    middle.reduce((sum, hops) => sum + hops[name], 0) / middle.length;
  return {
    totalMs: mean('totalMs'),
    networkMs: mean('networkMs'),
    gatewayMs: mean('gatewayMs'),
    waitMs: mean('waitMs'),
    stepMs: mean('stepMs'),
    encodeMs: mean('encodeMs'),
  };
}

function spanMs(fromUs: number, toUs: number): number {
  return Math.max(0, toUs - fromUs) / 1_000;
}
