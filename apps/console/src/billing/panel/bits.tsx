import type { ReactNode } from 'react';

interface SwitchProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onChange: (value: Value) => void;
}

/** One of a few, all of them seen. */
export function Switch<Value extends string>({ label, value, options, onChange }: SwitchProps<Value>) {
  return (
    <div className="switch" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}

interface PickProps<Value extends string> extends SwitchProps<Value> {
  readonly testId?: string;
}

/** One of many; the texts say what it is about. */
export function Pick<Value extends string>({ label, value, options, onChange, testId }: PickProps<Value>) {
  return (
    <select
      className="choose"
      aria-label={label}
      value={value}
      data-testid={testId}
      onChange={(event) => onChange(event.target.value as Value)}
    >
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
}

export function Figure({
  what,
  children,
  tone,
}: {
  what: string;
  children: ReactNode;
  tone?: 'good' | 'warn' | undefined;
}) {
  return (
    <div className={tone ? `tile ${tone}` : 'tile'}>
      <dt>{what}</dt>
      <dd>{children}</dd>
    </div>
  );
}
