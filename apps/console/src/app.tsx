import { KeyForm } from './lobby/key-form.tsx';
import { Lobby } from './lobby/lobby.tsx';
import { PlayPage } from './play-page.tsx';
import { useClient } from './play/use-client.ts';

export function App() {
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
