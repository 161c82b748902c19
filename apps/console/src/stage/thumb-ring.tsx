import type { Thumb } from '../input/use-touch.ts';

/** The stick under the walking thumb. */
export function ThumbRing({ thumb }: { thumb: Thumb }) {
  return (
    <span className="ring" style={{ left: thumb.x, top: thumb.y }}>
      <span className="knob" style={{ translate: `${thumb.knob.x}px ${thumb.knob.y}px` }} />
    </span>
  );
}
