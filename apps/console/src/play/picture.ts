// What the player may ask the picture to be; everything else is the worker's own choice.
import type { FrameFormat } from '@meridian/sdk';

export const PICTURES = {
  standard: { label: 'Standard picture', title: 'As the worker sends it', format: {} },
  light: {
    label: 'Light picture',
    title: 'Less data, for slow networks',
    format: { codec: 'webp', quality: 40 },
  },
  exact: {
    label: 'Exact picture',
    title: 'Every pixel as the model drew it: more data',
    format: { codec: 'webp', quality: 100 },
  },
} as const satisfies Record<string, { label: string; title: string; format: FrameFormat }>;

export type Picture = keyof typeof PICTURES;

const STORE = 'meridian.picture';

export const isPicture = (text: string | null): text is Picture =>
  text !== null && Object.hasOwn(PICTURES, text);

/** What this browser chose before. */
export function storedPicture(): Picture {
  const stored = localStorage.getItem(STORE);
  return isPicture(stored) ? stored : 'standard';
}

export function storePicture(picture: Picture): void {
  localStorage.setItem(STORE, picture);
}
