import type { SessionView } from '../play/session-view.ts';
import { durationText, ordinal } from '../words/format.ts';

/** Before the first frame: the place in the queue, or what is being done. */
export function Waiting({ view, onCancel }: { view: SessionView; onCancel: () => void }) {
  return (
    <div className="card waiting" role="status">
      {view.state === 'queued' ? <Queue view={view} /> : <Opening view={view} />}
      <button type="button" className="quiet" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function Queue({ view: { queue } }: { view: SessionView }) {
  return (
    <>
      <p className="eyebrow">Every place is taken just now</p>
      <h2>
        You are <span data-testid="queue-position">{queue ? ordinal(queue.position) : '–'}</span> in the queue
      </h2>
      <p>
        {queue ? `About ${durationText(queue.etaMs)} to go. ` : ''}
        The walk starts by itself; waiting costs nothing.
      </p>
      <div className="pulse" aria-hidden="true" />
    </>
  );
}

function Opening({ view }: { view: SessionView }) {
  return (
    <>
      <p className="eyebrow">{view.region ?? 'Finding a region'}</p>
      <h2>Waking the world</h2>
      <p>A worker is drawing its first frame for you.</p>
      <div className="pulse" aria-hidden="true" />
    </>
  );
}
