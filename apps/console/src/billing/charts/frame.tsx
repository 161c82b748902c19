import type { KeyboardEvent, ReactNode } from 'react';
import { useWidth } from './use-width.ts';

export interface Inner {
  readonly width: number;
  readonly height: number;
}

export interface FrameProps {
  /** What the chart shows, in a sentence. */
  readonly sentence: string;
  readonly heightPx: number;
  readonly margin?: Margin;
  /** Arrow keys go here when the chart has values to step through. */
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly onBlur?: () => void;
  readonly children: (inner: Inner) => ReactNode;
}

interface Margin {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

const MARGIN: Margin = { top: 10, right: 14, bottom: 30, left: 58 };

/** A drawing as wide as its place and as high as was said, so that nothing moves when it comes. */
export function Frame({ sentence, heightPx, margin = MARGIN, onKeyDown, onBlur, children }: FrameProps) {
  const [place, width] = useWidth();
  const inner = {
    width: Math.max(0, width - margin.left - margin.right),
    height: heightPx - margin.top - margin.bottom,
  };
  return (
    <div
      ref={place}
      className="frame"
      style={{ height: heightPx }}
      {...(onKeyDown && {
        tabIndex: 0,
        role: 'group',
        'aria-label': 'Chart; arrow keys read its values',
        onKeyDown,
        onBlur,
      })}
    >
      <svg width={width} height={heightPx} role="img" aria-label={sentence}>
        {inner.width > 0 && <g transform={`translate(${margin.left} ${margin.top})`}>{children(inner)}</g>}
      </svg>
    </div>
  );
}
