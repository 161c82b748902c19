import { lazy, Suspense } from 'react';
import { JoinPage } from './join/join-page.tsx';
import { KeyForm } from './lobby/key-form.tsx';
import { Lobby } from './lobby/lobby.tsx';
import { PlayPage } from './play-page.tsx';
import { useClient } from './play/use-client.ts';

/** Few who walk look at bills: the page and its charts are loaded when they are asked for. */
const BillingPage = lazy(() => import('./billing/billing-page.tsx'));

export function App() {
  switch (location.pathname.replace(/\/+$/, '')) {
    case '/join':
      // A device that joins somebody's walk has a code and needs no key.
      return <JoinPage />;
    case '/billing':
      return (
        <Suspense>
          <BillingPage />
        </Suspense>
      );
    default:
      return <Player />;
  }
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
