import { Meridian } from '@meridian/sdk';
import { useCallback, useEffect, useState } from 'react';
import { findApiKey, forgetApiKey, rememberApiKey } from './config.ts';

export type Client =
  | { readonly kind: 'looking' }
  | { readonly kind: 'needs-key'; readonly refused: boolean }
  | { readonly kind: 'ready'; readonly meridian: Meridian };

/** The SDK with the key that was served or typed; `refuse` forgets a key that the server does not take. */
export function useClient(): { client: Client; useKey: (apiKey: string) => void; refuse: () => void } {
  const [client, setClient] = useState<Client>({ kind: 'looking' });
  useEffect(() => {
    const gone = new AbortController();
    void findApiKey(gone.signal).then((apiKey) => {
      if (!gone.signal.aborted) setClient(apiKey ? ready(apiKey) : { kind: 'needs-key', refused: false });
    });
    return () => gone.abort();
  }, []);
  const useKey = useCallback((apiKey: string) => {
    rememberApiKey(apiKey);
    setClient(ready(apiKey));
  }, []);
  const refuse = useCallback(() => {
    forgetApiKey();
    setClient({ kind: 'needs-key', refused: true });
  }, []);
  return { client, useKey, refuse };
}

function ready(apiKey: string): Client {
  return { kind: 'ready', meridian: new Meridian({ baseUrl: location.origin, apiKey }) };
}
