import type { MeridianSession } from '@meridian/sdk';
import { useState } from 'react';
import { isPicture, PICTURES, storedPicture, storePicture, type Picture } from '../play/picture.ts';

/** How much data the picture may take, from its next frame on; remembered by this browser for the next walk. */
export function PicturePicker({ session }: { session: MeridianSession }) {
  const [picture, setPicture] = useState<Picture>(storedPicture);
  const pick = (value: string): void => {
    if (!isPicture(value)) return;
    setPicture(value);
    storePicture(value);
    session.setFormat(PICTURES[value].format);
  };
  return (
    <select
      className="chip pick"
      aria-label="Picture quality"
      title={PICTURES[picture].title}
      data-testid="picture"
      value={picture}
      onChange={(event) => {
        pick(event.target.value);
        // The keys are for walking again.
        event.target.blur();
      }}
    >
      {Object.entries(PICTURES).map(([value, { label, title }]) => (
        <option key={value} value={value} title={title}>
          {label}
        </option>
      ))}
    </select>
  );
}
