import { useId, useState, type FormEvent } from 'react';

/** The lobby's form, for the key that sees everything. */
export function AdminKeyForm({ refused, onKey }: { refused: boolean; onKey: (adminKey: string) => void }) {
  const [text, setText] = useState('');
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') onKey(text.trim());
  };
  return (
    <main className="billing-door">
      <p className="wordmark">
        <a href="/">Meridian</a>
      </p>
      <h1>What every user-hour costs</h1>
      <p className="lead">
        Cost, idle time and margin by region, model and tenant, to the last nano of the GPUs’ bill.
      </p>
      <form className="key-form" onSubmit={submit}>
        <label htmlFor={id}>Admin key</label>
        <div className="field">
          <input
            id={id}
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={text}
            aria-invalid={refused}
            aria-describedby={`${id}-help`}
            data-testid="admin-key"
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="primary" disabled={text.trim() === ''}>
            Continue
          </button>
        </div>
        <p id={`${id}-help`} className="fineprint" role={refused ? 'alert' : undefined}>
          {refused ? 'That key was not accepted; it may be mistyped or changed. ' : ''}
          It is what the control plane has as ADMIN_KEY; <code>./meridian up</code> says where it is. It stays
          in this tab and is forgotten when you close it.
        </p>
      </form>
    </main>
  );
}
