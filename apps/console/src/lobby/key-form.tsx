import { useId, useState, type FormEvent } from 'react';

/** Asked for when the control plane serves no demo key. */
export function KeyForm({ refused, onKey }: { refused: boolean; onKey: (apiKey: string) => void }) {
  const [text, setText] = useState('');
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') onKey(text.trim());
  };
  return (
    <form className="key-form" onSubmit={submit}>
      <label htmlFor={id}>API key</label>
      <div className="field">
        <input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          placeholder="mk_…"
          value={text}
          aria-invalid={refused}
          aria-describedby={`${id}-help`}
          data-testid="api-key"
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="primary" disabled={text.trim() === ''}>
          Continue
        </button>
      </div>
      <p id={`${id}-help`} className="fineprint" role={refused ? 'alert' : undefined}>
        {refused ? 'That key was not accepted; it may be mistyped or withdrawn. ' : ''}
        An operator can make one for you. It stays in this tab and is forgotten when you close it.
      </p>
    </form>
  );
}
