import { useCallback, useEffect, useState } from 'react';
import { filtersOf, searchOf, type Filters } from './filters.ts';

export type ChangeFilters = (change: Partial<Filters>) => void;

/** The filters of the page's address; a change is a step that the browser's Back undoes. */
export function useFilters(): readonly [Filters, ChangeFilters] {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const read = (): void => setSearch(location.search);
    addEventListener('popstate', read);
    return () => removeEventListener('popstate', read);
  }, []);
  const change = useCallback<ChangeFilters>((changed) => {
    const next = searchOf({ ...filtersOf(location.search), ...changed });
    if (next === location.search) return;
    history.pushState(undefined, '', `${location.pathname}${next}`);
    setSearch(next);
  }, []);
  return [filtersOf(search), change];
}
