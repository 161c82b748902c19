import { useCallback, useMemo, useState } from 'react';
import { AdminKeyForm } from './admin-key-form.tsx';
import { forgetAdminKey, rememberAdminKey, storedAdminKey } from './api/admin-key.ts';
import { AskerContext } from './api/asker.ts';
import { Dashboard } from './dashboard.tsx';
import './styles/page.css';
import './styles/panel.css';
import './styles/charts.css';
import './styles/panels.css';

/** Asks for the admin key once a tab, then shows everything. */
export default function BillingPage() {
  const [adminKey, setAdminKey] = useState(storedAdminKey);
  const [refused, setRefused] = useState(false);
  const enter = (key: string): void => {
    rememberAdminKey(key);
    setAdminKey(key);
  };
  const refuse = useCallback(() => {
    forgetAdminKey();
    setRefused(true);
    setAdminKey(undefined);
  }, []);
  const asker = useMemo(
    () => (adminKey === undefined ? undefined : { adminKey, refuse }),
    [adminKey, refuse],
  );
  if (asker === undefined) return <AdminKeyForm refused={refused} onKey={enter} />;
  return (
    <AskerContext value={asker}>
      <Dashboard onLeave={() => (forgetAdminKey(), setRefused(false), setAdminKey(undefined))} />
    </AskerContext>
  );
}
