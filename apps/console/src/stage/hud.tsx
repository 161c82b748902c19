import type { SessionState } from '@meridian/sdk';
import type { ReactNode } from 'react';
import type { StreamSource } from '../play/stream-view.ts';
import { useStats } from '../play/use-session.ts';
import { msText } from '../words/format.ts';
import { STATE_WORDS } from '../words/state-words.ts';
import { HopStrip } from './hop-bar.tsx';

interface FigureProps {
  readonly label: string;
  readonly testId: string;
  readonly children: ReactNode;
  readonly title?: string;
}

function Figure({ label, testId, children, title }: FigureProps) {
  return (
    <div className="figure" title={title}>
      <dt>{label}</dt>
      <dd data-testid={testId}>{children}</dd>
    </div>
  );
}

/** The stream's figures: they are read at a glance, and never move the layout. */
export function Figures({ session }: { session: StreamSource }) {
  const { fps, actionToFrameMs, hops } = useStats(session);
  return (
    <div className="stream-figures">
      <dl className="figures">
        <Figure label="frames a second" testId="fps" title="Frames received over the last two seconds">
          {fps.toFixed(1)}
        </Figure>
        <Figure
          label="action to frame"
          testId="latency"
          title="Median time from what you do to the frame that shows it"
        >
          {msText(actionToFrameMs.p50)}
        </Figure>
      </dl>
      <HopStrip hops={hops} />
    </div>
  );
}

export function StateChip({ state }: { state: SessionState }) {
  return (
    <p className={`chip state-${state}`} role="status">
      <span className="dot" aria-hidden="true" />
      <span data-testid="state">{STATE_WORDS[state]}</span>
    </p>
  );
}
