import { JoinPage } from './join/join-page.tsx';
import { KeyForm } from './lobby/key-form.tsx';
import { Lobby } from './lobby/lobby.tsx';
import { PlayPage } from './play-page.tsx';
import { useClient } from './play/use-client.ts';

/** A device that joins somebody's walk has a code and needs no key. */
export function App() {
  return location.pathname.replace(/\/+$/, '') === '/join' ? <JoinPage /> : <Player />;
}

function Player() {
  const { client, useKey, refuse } = useClient();
  switch (client.kind) {
    case 'looking':
      return <Lobby>{null}</Lobby>;
    case 'needs-key':
      return (
        <Lobby>
          <KeyForm refused={client.refused} onKey={useKey} />
        </Lobby>
      );
    case 'ready':
      return <PlayPage meridian={client.meridian} onKeyRefused={refuse} />;
  }
}
