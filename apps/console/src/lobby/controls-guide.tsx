import type { ReactNode } from 'react';

function Row({ what, children }: { what: string; children: ReactNode }) {
  return (
    <div>
      <dt>{what}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How to walk, for the hands one has. */
export function ControlsGuide() {
  return (
    <>
      <dl className="guide for-keys">
        <Row what="walk">
          <kbd>W</kbd>
          <kbd>A</kbd>
          <kbd>S</kbd>
          <kbd>D</kbd> or arrows
        </Row>
        <Row what="look">
          drag, or <kbd>Q</kbd>
          <kbd>E</kbd>
        </Row>
        <Row what="run">
          <kbd>Shift</kbd>
        </Row>
        <Row what="gamepad">left stick, right stick</Row>
      </dl>
      <dl className="guide for-touch">
        <Row what="walk">left thumb; pull far to run</Row>
        <Row what="look">drag with the right thumb</Row>
      </dl>
    </>
  );
}
