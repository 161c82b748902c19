import { Meridian, type JoinedSession } from '@meridian/sdk';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

export type Join =
  | { readonly phase: 'asking'; readonly error: unknown }
  | { readonly phase: 'joining' }
  | { readonly phase: 'joined'; readonly session: JoinedSession };

/** One code after another: `join` claims it, `again` goes back to the form. */
export function useJoin(): { join: Join; enter: (code: string) => void; again: () => void } {
  const [join, setJoin] = useState<Join>({ phase: 'asking', error: undefined });
  const meridian = useMemo(() => new Meridian({ baseUrl: location.origin }), []);
  const session = useRef<JoinedSession>(undefined);
  const enter = useCallback(
    (code: string) => {
      setJoin({ phase: 'joining' });
      meridian.join(code).then(
        (joined) => {
          session.current = joined;
          // The code has served: a page that is loaded again must not try it once more.
          history.replaceState(null, '', location.pathname);
          setJoin({ phase: 'joined', session: joined });
        },
        (error: unknown) => setJoin({ phase: 'asking', error }),
      );
    },
    [meridian],
  );
  const again = useCallback(() => setJoin({ phase: 'asking', error: undefined }), []);
  useEffect(() => () => session.current?.leave(), []);
  return { join, enter, again };
}
