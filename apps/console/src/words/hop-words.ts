import type { Hops } from '@meridian/sdk';

interface HopWords {
  readonly name: Exclude<keyof Hops, 'totalMs'>;
  readonly short: string;
  readonly long: string;
}

/** In the order in which an action meets them. */
export const HOPS: readonly HopWords[] = [
  { name: 'networkMs', short: 'network', long: 'network, both ways' },
  { name: 'gatewayMs', short: 'gateway', long: 'gateway and its way to the worker' },
  { name: 'waitMs', short: 'wait', long: 'wait for the next step' },
  { name: 'stepMs', short: 'step', long: 'the model’s step' },
  { name: 'encodeMs', short: 'encode', long: 'picture encoding' },
];
