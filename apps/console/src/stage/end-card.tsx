import type { SessionEnd } from '@meridian/sdk';
import { useEffect, useRef } from 'react';
import type { SessionView } from '../play/session-view.ts';
import { END_WORDS } from '../words/end-words.ts';
import { durationText, poundsPerHourText, poundsText } from '../words/format.ts';

interface EndCardProps {
  readonly view: SessionView;
  readonly end: SessionEnd;
  readonly onAgain: () => void;
  readonly onLeave: () => void;
}

/** What happened, what it cost, and the way on. */
export function EndCard({ view, end, onAgain, onLeave }: EndCardProps) {
  const again = useRef<HTMLButtonElement>(null);
  useEffect(() => again.current?.focus(), []);
  const words = END_WORDS[end.reason];
  return (
    <section className="card ending" aria-labelledby="ending-title" aria-live="polite">
      <p className="eyebrow">The walk is over</p>
      <h2 id="ending-title" data-testid="ended-reason">
        {words.title}
      </h2>
      <p>{words.detail}</p>
      <Receipt view={view} />
      <div className="actions">
        <button ref={again} type="button" className="primary" data-testid="again" onClick={onAgain}>
          Walk again
        </button>
        <button type="button" className="quiet" onClick={onLeave}>
          Back to the start
        </button>
      </div>
    </section>
  );
}

function Receipt({ view: { usage, region } }: { view: SessionView }) {
  if (usage === undefined) return <p className="fineprint">Nothing was counted.</p>;
  return (
    <dl className="receipt" data-final={usage.final}>
      <div className="total">
        <dt>{usage.final ? 'What it cost' : 'What it cost so far'}</dt>
        <dd data-testid="final-cost">{poundsText(BigInt(usage.costNano), 6)}</dd>
      </div>
      <div>
        <dt>walked</dt>
        <dd>{durationText(usage.activeMs)}</dd>
      </div>
      <div>
        <dt>frames</dt>
        <dd>{usage.frames.toLocaleString('en')}</dd>
      </div>
      <div>
        <dt>per user-hour</dt>
        <dd>{poundsPerHourText(usage.poundsPerUserHour)}</dd>
      </div>
      {region && (
        <div>
          <dt>region</dt>
          <dd>{region}</dd>
        </div>
      )}
    </dl>
  );
}
