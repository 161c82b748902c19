import { useEffect, useRef } from 'react';
import type { StreamSource } from '../play/stream-view.ts';
import { FramePainter, type Look } from './frame-painter.ts';

/** The world, and its glow on the page around it. */
export function WorldCanvas({ session, look }: { session: StreamSource; look: Look }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const glow = useRef<HTMLCanvasElement>(null);
  const painter = useRef<FramePainter>(undefined);
  const firstLook = useRef(look);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const painting = new FramePainter(element, glow.current, firstLook.current);
    painter.current = painting;
    const stop = session.on('frame', (frame) => painting.push(frame));
    return () => {
      stop();
      painting.close();
    };
  }, [session]);

  useEffect(() => {
    firstLook.current = look;
    painter.current?.setLook(look);
  }, [look]);

  return (
    <>
      <canvas ref={glow} className="glow" width={16} height={9} aria-hidden="true" />
      <div className="picture">
        <canvas
          ref={canvas}
          className={`world world-${look}`}
          width={128}
          height={72}
          data-testid="canvas"
          role="img"
          aria-label="The world, as the model draws it"
        />
      </div>
    </>
  );
}
