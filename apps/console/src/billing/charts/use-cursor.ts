import { useState, type KeyboardEvent, type PointerEvent } from 'react';

export interface Cursor {
  /** The bucket that is read; undefined: none. */
  readonly index: number | undefined;
  /** It was moved by keys, so that what it reads should be said aloud. */
  readonly isByKeys: boolean;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onPointerMove: (event: PointerEvent, width: number) => void;
  /** By hand, to one bucket. */
  readonly go: (index: number) => void;
  readonly clear: () => void;
}

interface Place {
  readonly index: number;
  readonly isByKeys: boolean;
}

/** Steps through the buckets of a chart, by hand or by keys. */
export function useCursor(count: number): Cursor {
  const [place, setPlace] = useState<Place>();
  const inside = place !== undefined && place.index < count ? place : undefined;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') setPlace(undefined);
    const index = stepped(event.key, inside?.index, count);
    if (index === undefined) return;
    event.preventDefault();
    setPlace({ index, isByKeys: true });
  };
  const onPointerMove = (event: PointerEvent, width: number): void => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const index = Math.min(count - 1, Math.max(0, Math.floor((x / width) * count)));
    if (index !== place?.index) setPlace({ index, isByKeys: false });
  };
  return {
    index: inside?.index,
    isByKeys: inside?.isByKeys ?? false,
    onKeyDown,
    onPointerMove,
    go: (index) => setPlace({ index, isByKeys: false }),
    clear: () => setPlace(undefined),
  };
}

/** Undefined: not a key that moves. */
export function stepped(key: string, from: number | undefined, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case 'ArrowRight':
      return Math.min(count - 1, (from ?? -1) + 1);
    case 'ArrowLeft':
      return Math.max(0, (from ?? count) - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
