import { MeridianError, type Meridian, type RegionProbe } from '@meridian/sdk';
import { useEffect, useRef, useState } from 'react';
import { Lobby } from './lobby/lobby.tsx';
import { StartPanel } from './lobby/start-panel.tsx';
import { useSurvey } from './play/use-survey.ts';
import { useWalk, type WalkRequest } from './play/use-walk.ts';
import { Stage } from './stage/stage.tsx';
import { errorWords } from './words/error-words.ts';

/** The lobby, then a walk, then the lobby or another walk. */
export function PlayPage({ meridian, onKeyRefused }: { meridian: Meridian; onKeyRefused: () => void }) {
  const [round, setRound] = useState(0);
  const survey = useSurvey(meridian, round);
  const { walk, start, leave } = useWalk(meridian);
  const last = useRef<WalkRequest>(undefined);
  const problem = survey.error ?? (walk.phase === 'lobby' ? walk.error : undefined);

  useEffect(() => {
    if (problem instanceof MeridianError && errorWords(problem).askForKey) onKeyRefused();
  }, [problem, onKeyRefused]);

  const begin = (model: string, probes: readonly RegionProbe[] | undefined): void => {
    last.current = { model, probes };
    start(last.current);
  };
  if (walk.phase === 'walking') {
    const again = (): void => {
      if (last.current) start(last.current);
    };
    return <Stage key={walk.session.id} session={walk.session} onAgain={again} onLeave={leave} />;
  }
  return (
    <Lobby>
      <StartPanel
        survey={survey}
        error={walk.phase === 'lobby' ? walk.error : undefined}
        isOpening={walk.phase === 'opening'}
        onStart={begin}
        onRetry={() => setRound(round + 1)}
      />
    </Lobby>
  );
}
