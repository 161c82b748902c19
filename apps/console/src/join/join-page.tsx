import { Globe } from '../lobby/globe.tsx';
import { CodeForm } from './code-form.tsx';
import { JoinedStage } from './joined-stage.tsx';
import { useJoin } from './use-join.ts';

/** What follows the # of the address: a code that was scanned. */
const codeOfAddress = (): string => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
};

/** A second device: it enters a code, then walks or looks on. */
export function JoinPage() {
  const { join, enter, again } = useJoin();
  if (join.phase === 'joined') {
    return <JoinedStage key={join.session.device} session={join.session} onAgain={again} />;
  }
  return (
    <main className="lobby">
      <Globe />
      <div className="lobby-text">
        <p className="wordmark">Meridian</p>
        <h1>Join a walk</h1>
        <p className="lead">Walk along in a world that is open on another screen, or look on.</p>
        <CodeForm
          first={codeOfAddress()}
          error={join.phase === 'asking' ? join.error : undefined}
          isJoining={join.phase === 'joining'}
          onCode={enter}
        />
      </div>
    </main>
  );
}
