import { useEffect, useState, type RefObject } from 'react';
import type { Controls } from './controls.ts';
import { STILL } from './intent.ts';
import { knobAt, thumbIntent } from './touch.ts';

const DEG_PER_PX = 0.42;

/** Where the walking thumb is, CSS px from the surface's corner; undefined while it is up. */
export interface Thumb {
  readonly x: number;
  readonly y: number;
  readonly knob: { readonly x: number; readonly y: number };
}

/** Left half: a stick under the thumb. Right half: drag to look. Any number of fingers, one for each. */
export function useTouch(
  surface: RefObject<HTMLElement | null>,
  controls: Controls,
  active: boolean,
): Thumb | undefined {
  const [thumb, setThumb] = useState<Thumb>();
  useEffect(() => {
    const element = surface.current;
    if (!active || element === null) return;
    let walking: { id: number; x: number; y: number } | undefined;
    let looking: { id: number; x: number } | undefined;
    const onDown = (event: PointerEvent): void => {
      if (event.pointerType === 'mouse') return;
      const box = element.getBoundingClientRect();
      const isLeft = event.clientX < box.left + box.width / 2;
      element.setPointerCapture(event.pointerId);
      if (isLeft && walking === undefined) {
        walking = { id: event.pointerId, x: event.clientX, y: event.clientY };
        setThumb({ x: event.clientX - box.left, y: event.clientY - box.top, knob: { x: 0, y: 0 } });
      } else if (looking === undefined) looking = { id: event.pointerId, x: event.clientX };
    };
    const onMove = (event: PointerEvent): void => {
      if (event.pointerId === walking?.id) {
        const [dx, dy] = [event.clientX - walking.x, event.clientY - walking.y];
        controls.set('touch', thumbIntent(dx, dy));
        setThumb((known) => known && { ...known, knob: knobAt(dx, dy) });
      }
      if (event.pointerId === looking?.id) {
        controls.look(event.clientX - looking.x, DEG_PER_PX);
        looking.x = event.clientX;
      }
    };
    const onUp = (event: PointerEvent): void => {
      if (event.pointerId === looking?.id) looking = undefined;
      if (event.pointerId !== walking?.id) return;
      walking = undefined;
      controls.set('touch', STILL);
      setThumb(undefined);
    };
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
      controls.set('touch', STILL);
      setThumb(undefined);
    };
  }, [surface, controls, active]);
  return thumb;
}
