import type { JoinedSession } from '@meridian/sdk';
import { useRef, useState } from 'react';
import type { Controls } from '../input/controls.ts';
import { STILL } from '../input/intent.ts';
import { useControls } from '../input/use-controls.ts';
import { EndingSoonToast } from '../stage/ending-soon.tsx';
import { ThumbRing } from '../stage/thumb-ring.tsx';
import type { JoinedView } from './joined-view.ts';

interface ControllerPadProps {
  readonly session: JoinedSession;
  readonly active: boolean;
  readonly view: JoinedView;
}

/** Under the left thumb a stick, under the right one a pad to turn on, and a button to run. Keys and gamepads work too. */
export function ControllerPad({ session, active, view }: ControllerPadProps) {
  const surface = useRef<HTMLDivElement>(null);
  const { controls, thumb } = useControls(session, surface, active);
  return (
    <>
      <div ref={surface} className="surface pad" aria-hidden="true" data-testid="pad">
        <span className={`zone walk ${thumb ? 'held' : ''}`}>
          <span className="zone-name">walk</span>
        </span>
        <span className="zone turn">
          <span className="zone-name">turn</span>
        </span>
        {thumb && <ThumbRing thumb={thumb} />}
      </div>
      {active && <SprintButton controls={controls} />}
      {active && view.endingSoon && (
        <EndingSoonToast ending={view.endingSoon} onStay={() => controls.repeat()} />
      )}
    </>
  );
}

/** Stays down until it is pressed again: both thumbs are busy. */
function SprintButton({ controls }: { controls: Controls }) {
  const [isOn, setOn] = useState(false);
  const toggle = (): void => {
    setOn(!isOn);
    controls.set('sprint', { ...STILL, sprint: !isOn });
  };
  return (
    <button type="button" className="chip sprint" aria-pressed={isOn} data-testid="sprint" onClick={toggle}>
      Run
    </button>
  );
}
