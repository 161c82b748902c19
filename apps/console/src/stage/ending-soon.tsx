import type { EndingSoon } from '@meridian/sdk';
import { useEffect } from 'react';
import { endingSoonWords } from '../words/ending-soon-words.ts';
import { durationText } from '../words/format.ts';
import { useTimeLeftMs } from './use-time-left.ts';

interface EndingSoonToastProps {
  readonly ending: EndingSoon;
  /** Says that somebody is there; undefined on a device that cannot. */
  readonly onStay: (() => void) | undefined;
}

/** Counts down to an end that is near, and takes any touch or key for a wish to stay where that helps. */
export function EndingSoonToast({ ending, onStay }: EndingSoonToastProps) {
  const leftMs = useTimeLeftMs(ending.endsAtMs) ?? 0;
  const words = endingSoonWords(ending.reason);
  const canStay = words.canStay && onStay !== undefined;
  useEffect(() => {
    if (!canStay) return;
    window.addEventListener('keydown', onStay);
    window.addEventListener('pointerdown', onStay);
    return () => {
      window.removeEventListener('keydown', onStay);
      window.removeEventListener('pointerdown', onStay);
    };
  }, [canStay, onStay]);
  return (
    <div className="toast ending-soon" data-testid="ending-soon">
      {/* Said once, not every second. */}
      <p role="status">{words.title}</p>
      <p className="countdown" aria-hidden="true">
        {durationText(Math.ceil(leftMs / 1_000) * 1_000)}
      </p>
      {(canStay || !words.canStay) && (
        <p className="advice">
          <span className="for-keys">{words.adviceForKeys}</span>
          <span className="for-touch">{words.adviceForTouch}</span>
        </p>
      )}
    </div>
  );
}
