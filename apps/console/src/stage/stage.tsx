import type { MeridianSession } from '@meridian/sdk';
import { useRef, useState } from 'react';
import { useControls } from '../input/use-controls.ts';
import { Globe } from '../lobby/globe.tsx';
import { PairPanel } from '../pair/pair-panel.tsx';
import { useSession } from '../play/use-session.ts';
import { CostMeter } from './cost-meter.tsx';
import { EndCard } from './end-card.tsx';
import { EndingSoonToast } from './ending-soon.tsx';
import type { Look } from './frame-painter.ts';
import { Figures, StateChip } from './hud.tsx';
import { Interruption } from './interruption.tsx';
import { PicturePicker } from './picture-picker.tsx';
import { ThumbRing } from './thumb-ring.tsx';
import { useLook } from './use-look.ts';
import { Waiting } from './waiting.tsx';
import { WhyHere } from './why-here.tsx';
import { WorldCanvas } from './world-canvas.tsx';

interface StageProps {
  readonly session: MeridianSession;
  readonly onAgain: () => void;
  readonly onLeave: () => void;
}

/** One walk: the world, what is known about it, and its end. */
export function Stage({ session, onAgain, onLeave }: StageProps) {
  const view = useSession(session);
  const surface = useRef<HTMLDivElement>(null);
  const isOver = view.end !== undefined;
  const { controls, thumb, used } = useControls(session, surface, view.seen && !isOver);
  const [look, toggleLook] = useLook();
  const [open, setOpen] = useState<'why' | 'pair'>();
  const toggle = (panel: 'why' | 'pair'): void => setOpen(open === panel ? undefined : panel);
  const close = (): void => setOpen(undefined);
  const phase = isOver ? 'over' : view.seen ? 'walking' : 'waiting-room';
  const end = (): void => void session.end().catch(() => undefined);
  return (
    <main className={`stage ${phase}`}>
      {phase === 'waiting-room' && <Globe />}
      <WorldCanvas session={session} look={look} />
      <div ref={surface} className="surface" aria-hidden="true">
        {thumb && <ThumbRing thumb={thumb} />}
        {view.state === 'active' && !used && <Hint />}
      </div>
      <header className="bar top">
        <button
          type="button"
          className="chip"
          aria-expanded={open === 'why'}
          aria-controls="why-here"
          onClick={() => toggle('why')}
        >
          <strong data-testid="region">{view.region ?? 'no region yet'}</strong>
          <span>why here?</span>
        </button>
        <StateChip state={view.state} />
        <span className="spacer" />
        <PicturePicker session={session} />
        <LookToggle look={look} onToggle={toggleLook} />
        <button
          type="button"
          className="chip pair-toggle"
          data-testid="pair"
          aria-expanded={open === 'pair'}
          aria-controls="pair-panel"
          disabled={phase !== 'walking'}
          onClick={() => toggle('pair')}
        >
          {view.connected.size === 0 ? 'Pair' : `Pair · ${view.connected.size}`}
        </button>
        <button
          type="button"
          className="chip end"
          data-testid="end"
          disabled={phase !== 'walking'}
          onClick={end}
        >
          End
        </button>
      </header>
      <footer className="bar bottom">
        <Figures session={session} />
        <span className="epoch fineprint">
          epoch <span data-testid="epoch">{view.epoch}</span>
        </span>
        <span className="spacer" />
        <CostMeter view={view} />
      </footer>
      {open === 'why' && <WhyHere session={session} view={view} onClose={close} />}
      {open === 'pair' && phase === 'walking' && (
        <PairPanel session={session} connected={view.connected} onClose={close} />
      )}
      {phase === 'walking' && <Interruption view={view} />}
      {phase === 'walking' && view.endingSoon && (
        <EndingSoonToast ending={view.endingSoon} onStay={() => controls.repeat()} />
      )}
      {phase === 'waiting-room' && <Waiting view={view} onCancel={onLeave} />}
      {view.end && <EndCard view={view} end={view.end} onAgain={onAgain} onLeave={onLeave} />}
    </main>
  );
}

function LookToggle({ look, onToggle }: { look: Look; onToggle: () => void }) {
  return (
    <button type="button" className="chip look" title="How the picture is enlarged" onClick={onToggle}>
      {look === 'pixels' ? 'Pixels' : 'Smooth'}
    </button>
  );
}

function Hint() {
  return (
    <p className="hint">
      <span className="for-keys">
        <kbd>W</kbd> <kbd>A</kbd> <kbd>S</kbd> <kbd>D</kbd> to walk, drag to look
      </span>
      <span className="for-touch">Left thumb walks, right thumb looks</span>
    </p>
  );
}
