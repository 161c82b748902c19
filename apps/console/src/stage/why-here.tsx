import type { Hops, MeridianSession, RegionVerdict } from '@meridian/sdk';
import type { SessionView } from '../play/session-view.ts';
import { useStats } from '../play/use-session.ts';
import { msText } from '../words/format.ts';
import { HOPS } from '../words/hop-words.ts';
import { HopBar } from './hop-bar.tsx';

const OUTCOMES: Readonly<Record<RegionVerdict['outcome'], string>> = {
  chosen: 'chosen',
  feasible: 'possible',
  rejected: 'not possible',
};

const RANKS: Readonly<Record<RegionVerdict['outcome'], number>> = { chosen: 0, feasible: 1, rejected: 2 };

function bestFirst(verdicts: readonly RegionVerdict[]): readonly RegionVerdict[] {
  return verdicts.toSorted((a, b) => RANKS[a.outcome] - RANKS[b.outcome]);
}

function Verdict({ verdict }: { verdict: RegionVerdict }) {
  const { region, outcome, reason, rttMs, rttEstimated, predictedActionToFrameMs, scoreMs } = verdict;
  return (
    <li className={`verdict verdict-${outcome}`}>
      <p className="verdict-head">
        <strong>{region}</strong>
        <span className="tag">{OUTCOMES[outcome]}</span>
      </p>
      <p className="reason">{reason}</p>
      <dl>
        <div>
          <dt>round trip</dt>
          <dd>
            {msText(rttMs)}
            {rttEstimated && ' (estimated)'}
          </dd>
        </div>
        <div>
          <dt>action to frame, predicted</dt>
          <dd>{msText(predictedActionToFrameMs)}</dd>
        </div>
        {scoreMs !== undefined && (
          <div>
            <dt>with the price of its last slots</dt>
            <dd>{msText(scoreMs)}</dd>
          </div>
        )}
      </dl>
    </li>
  );
}

function TimeSplit({ hops }: { hops: Hops }) {
  return (
    <section aria-label="Where the time goes">
      <h3>Where the time goes</h3>
      <HopBar hops={hops} />
      <dl className="hop-list">
        {HOPS.map(({ name, long }) => (
          <div key={name}>
            <dt>
              <span className={`swatch hop-${name}`} aria-hidden="true" />
              {long}
            </dt>
            <dd>{hops[name].toFixed(1)} ms</dd>
          </div>
        ))}
        <div className="sum">
          <dt>a typical action, all in all</dt>
          <dd>{hops.totalMs.toFixed(1)} ms</dd>
        </div>
      </dl>
    </section>
  );
}

/** Why placement chose this region, in its own sentences, and where an action's time goes. */
export function WhyHere({
  session,
  view,
  onClose,
}: {
  session: MeridianSession;
  view: SessionView;
  onClose: () => void;
}) {
  const { hops } = useStats(session);
  const placement = view.info.placement;
  return (
    <aside className="why" id="why-here" aria-label="Why here">
      <header>
        <h2>Why here</h2>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </header>
      <ol className="verdicts">
        {bestFirst(placement?.considered ?? []).map((verdict) => (
          <Verdict key={verdict.region} verdict={verdict} />
        ))}
      </ol>
      {hops && <TimeSplit hops={hops} />}
      {placement && (
        <p className="fineprint">
          Worker {placement.workerId}, slot {placement.slot}, epoch {view.epoch}. {view.info.model}{' '}
          {view.info.modelVersion}
        </p>
      )}
    </aside>
  );
}
