// Told apart by people with any kind of colour vision: between any two of them CIEDE76 is at least 15 with normal sight,
// protanopia, deuteranopia and tritanopia alike (24 without the grey), and 3 : 1 or more against the page.
import type { CostPart } from '../views/idle-stack.ts';

const AMBER = '#e8b06a';
const SKY = '#62bdf2';
const GREEN = '#3d8f6a';
const CREAM = '#f1ecd8';
const VIOLET = '#7866ea';
const RUST = '#bd5a25';
const GREY = '#76818c';

/** Of all together, which is drawn over the others. */
export const WHOLE_COLOUR = CREAM;
const SERIES = [AMBER, SKY, GREEN, VIOLET, RUST, GREY] as const;

/** More lines than this cannot be told apart; the rest are in the table. */
export const MOST_SERIES = SERIES.length;

export const seriesColour = (index: number): string => SERIES[index % SERIES.length] ?? GREY;

interface Paint {
  readonly colour: string;
  /** Drawn with stripes, so that it is no other part of the same colour. */
  readonly striped?: boolean;
}

export const PART_PAINTS: Readonly<Record<CostPart, Paint>> = {
  sessions: { colour: AMBER },
  warm_buffer: { colour: SKY },
  booting: { colour: VIOLET },
  draining: { colour: GREEN },
  fragmentation: { colour: CREAM },
  failed_start: { colour: RUST },
  quarantined: { colour: RUST, striped: true },
  no_demand: { colour: GREY },
};
