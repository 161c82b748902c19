import { createContext, useContext } from 'react';

/** Who asks: the key, and what to do when it is not taken. */
export interface Asker {
  readonly adminKey: string;
  readonly refuse: () => void;
}

export const AskerContext = createContext<Asker | undefined>(undefined);

export function useAsker(): Asker {
  const asker = useContext(AskerContext);
  if (asker === undefined) throw new Error('asked outside of the billing page');
  return asker;
}
