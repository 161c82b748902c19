import type { JoinedSession } from '@meridian/sdk';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { Globe } from '../lobby/globe.tsx';
import { EndingSoonToast } from '../stage/ending-soon.tsx';
import { Figures, StateChip } from '../stage/hud.tsx';
import { Interruption } from '../stage/interruption.tsx';
import { useLook } from '../stage/use-look.ts';
import { WorldCanvas } from '../stage/world-canvas.tsx';
import { joinedEndWords } from '../words/joined-end-words.ts';
import { ControllerPad } from './controller-pad.tsx';
import { watchJoined, type JoinedView } from './joined-view.ts';

/** Somebody else's walk on this device: the picture, and for a controller what steers it. */
export function JoinedStage({ session, onAgain }: { session: JoinedSession; onAgain: () => void }) {
  const store = useMemo(() => watchJoined(session), [session]);
  const view = useSyncExternalStore(store.subscribe, store.view);
  const [look] = useLook();
  const isWalking = view.seen && view.end === undefined;
  const phase = view.end ? 'over' : view.seen ? 'walking' : 'waiting-room';
  return (
    <main className={`stage joined ${session.role} ${phase}`}>
      {phase === 'waiting-room' && <Globe />}
      <WorldCanvas session={session} look={look} />
      {session.role === 'controller' && <ControllerPad session={session} active={isWalking} view={view} />}
      <header className="bar top">
        <p className="chip">
          <strong data-testid="role">{session.label ?? ROLE_WORDS[session.role]}</strong>
        </p>
        <StateChip state={view.state} />
        <span className="spacer" />
        <button
          type="button"
          className="chip end"
          data-testid="leave"
          disabled={view.end !== undefined}
          onClick={() => session.leave()}
        >
          Leave
        </button>
      </header>
      <footer className="bar bottom">
        <Figures session={session} />
      </footer>
      {phase === 'walking' && <Interruption view={view} />}
      {phase === 'walking' && session.role === 'spectator' && view.endingSoon && (
        <EndingSoonToast ending={view.endingSoon} onStay={undefined} />
      )}
      {phase === 'waiting-room' && <Waiting view={view} onCancel={() => session.leave()} />}
      {view.end && <EndCard view={view} onAgain={onAgain} />}
    </main>
  );
}

const ROLE_WORDS = { controller: 'Controller', spectator: 'Spectator' } as const;

function Waiting({ view, onCancel }: { view: JoinedView; onCancel: () => void }) {
  const isOwnerAway = view.reconnecting?.cause.code === 'owner_away';
  return (
    <div className="card waiting" role="status">
      <h2>{isOwnerAway ? 'Waiting for the other device' : 'Joining the walk'}</h2>
      <p>
        {isOwnerAway
          ? 'The device that shares this walk is not connected just now.'
          : 'The picture comes in a moment.'}
      </p>
      <div className="pulse" aria-hidden="true" />
      <button type="button" className="quiet" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function EndCard({ view, onAgain }: { view: JoinedView; onAgain: () => void }) {
  const again = useRef<HTMLButtonElement>(null);
  useEffect(() => again.current?.focus(), []);
  if (view.end === undefined) return null;
  const { title, detail } = joinedEndWords(view.end);
  return (
    <section className="card ending" aria-labelledby="ending-title" aria-live="polite">
      <p className="eyebrow">The walk is over for this device</p>
      <h2 id="ending-title" data-testid="ended-reason">
        {title}
      </h2>
      <p>{detail}</p>
      <div className="actions">
        <button ref={again} type="button" className="primary" data-testid="again" onClick={onAgain}>
          Enter another code
        </button>
      </div>
    </section>
  );
}
