import type { Meridian, Model, RegionProbe } from '@meridian/sdk';
import { useEffect, useState } from 'react';

/** What is known before a walk: the worlds that are served and how far every region is. */
export interface Survey {
  readonly models: readonly Model[] | undefined;
  readonly probes: readonly RegionProbe[] | undefined;
  readonly error: unknown;
}

const UNKNOWN: Survey = { models: undefined, probes: undefined, error: undefined };

/** `round` rises to look again. */
export function useSurvey(meridian: Meridian, round: number): Survey {
  const [survey, setSurvey] = useState(UNKNOWN);
  useEffect(() => {
    const gone = new AbortController();
    const learn = (part: Partial<Survey>): void => {
      if (!gone.signal.aborted) setSurvey((known) => ({ ...known, ...part }));
    };
    const fail = (error: unknown): void => learn({ error });
    setSurvey(UNKNOWN);
    meridian.listModels({ signal: gone.signal }).then((models) => learn({ models }), fail);
    meridian.probeRegions({ signal: gone.signal }).then((probes) => learn({ probes }), fail);
    return () => gone.abort();
  }, [meridian, round]);
  return survey;
}
