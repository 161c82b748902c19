import type { Model, RegionProbe } from '@meridian/sdk';
import { useId, useState } from 'react';
import type { Survey } from '../play/use-survey.ts';
import { errorWords } from '../words/error-words.ts';
import { ControlsGuide } from './controls-guide.tsx';
import { RegionList } from './region-list.tsx';

interface StartPanelProps {
  readonly survey: Survey;
  /** Why the last walk did not start. */
  readonly error: unknown;
  readonly isOpening: boolean;
  readonly onStart: (model: string, probes: readonly RegionProbe[] | undefined) => void;
  readonly onRetry: () => void;
}

const DEFAULT_MODEL = 'gallery';

export function StartPanel({ survey, error, isOpening, onStart, onRetry }: StartPanelProps) {
  const [picked, setPicked] = useState<string>();
  const names = [...new Set(survey.models?.map(({ model }) => model))];
  const model = picked ?? names.find((name) => name === DEFAULT_MODEL) ?? names[0] ?? DEFAULT_MODEL;
  const problem = error ?? survey.error;
  return (
    <>
      {problem !== undefined && (
        <Problem thrown={problem} onRetry={survey.error === undefined ? undefined : onRetry} />
      )}
      <div className="start-row">
        <button
          type="button"
          className="primary start"
          data-testid="start"
          disabled={isOpening}
          onClick={() => onStart(model, survey.probes)}
        >
          {isOpening ? 'Finding a place…' : 'Start walking'}
        </button>
        {names.length > 1 && <ModelPicker models={survey.models ?? []} value={model} onPick={setPicked} />}
      </div>
      {survey.error === undefined && <RegionList probes={survey.probes} />}
      <ControlsGuide />
    </>
  );
}

function Problem({ thrown, onRetry }: { thrown: unknown; onRetry: (() => void) | undefined }) {
  const { title, advice, reference } = errorWords(thrown);
  return (
    <div className="problem" role="alert" data-testid="problem">
      <strong>{title}</strong>
      <p>{advice}</p>
      <p className="fineprint">{reference}</p>
      {onRetry && (
        <button type="button" className="quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface ModelPickerProps {
  readonly models: readonly Model[];
  readonly value: string;
  readonly onPick: (model: string) => void;
}

function ModelPicker({ models, value, onPick }: ModelPickerProps) {
  const id = useId();
  return (
    <label className="picker" htmlFor={id}>
      <span>World</span>
      <select id={id} value={value} onChange={(event) => onPick(event.target.value)}>
        {[...new Set(models.map(({ model }) => model))].map((model) => (
          <option key={model}>{model}</option>
        ))}
      </select>
    </label>
  );
}
