import { MeridianError, readPairingCode } from '@meridian/sdk';
import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { errorWords } from '../words/error-words.ts';

interface CodeFormProps {
  /** What the address brought along. */
  readonly first: string;
  readonly error: unknown;
  readonly isJoining: boolean;
  readonly onCode: (code: string) => void;
}

const NO_CODE = new MeridianError('invalid_code', 'No code.');

/** Eight letters and digits, however they are typed. */
export function CodeForm({ first, error, isJoining, onCode }: CodeFormProps) {
  const [text, setText] = useState(() => readPairingCode(first) ?? first);
  const [isChecked, setChecked] = useState(false);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(
    () => (readPairingCode(first) === undefined ? field.current?.focus() : button.current?.focus()),
    [first],
  );

  const isCode = readPairingCode(text) !== undefined;
  const problem = isChecked && !isCode ? NO_CODE : error;
  const words = problem === undefined ? undefined : errorWords(problem, 'joining');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setChecked(true);
    const code = readPairingCode(text);
    if (code !== undefined) return onCode(code);
    field.current?.focus();
  };
  return (
    <form className="key-form code-form" onSubmit={submit} noValidate>
      <label htmlFor={id}>Code of the walk</label>
      <div className="field">
        <input
          ref={field}
          id={id}
          type="text"
          inputMode="text"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={12}
          placeholder="K7QF-3MXN"
          value={text}
          aria-invalid={words !== undefined}
          aria-describedby={`${id}-help`}
          data-testid="join-code"
          onChange={(event) => {
            setText(event.target.value.toUpperCase());
            setChecked(false);
          }}
        />
        <button ref={button} type="submit" className="primary" disabled={isJoining} data-testid="join">
          {isJoining ? 'Joining…' : 'Join'}
        </button>
      </div>
      <div id={`${id}-help`}>
        {words && (
          <div className="problem" role="alert" data-testid="join-problem">
            <strong>{words.title}</strong>
            <p>{words.advice}</p>
          </div>
        )}
        {!words && (
          <p className="fineprint">
            It is shown on the other device, under “Pair”. It serves once and is good for five minutes.
          </p>
        )}
      </div>
    </form>
  );
}
