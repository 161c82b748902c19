import { useEffect, type RefObject } from 'react';
import type { Controls } from './controls.ts';

const DEG_PER_PX = 0.22;

/** Drag to look; a click locks the pointer so that the hand never meets the edge of the screen (Esc frees it). */
export function useMouseLook(
  surface: RefObject<HTMLElement | null>,
  controls: Controls,
  active: boolean,
): void {
  useEffect(() => {
    const element = surface.current;
    if (!active || element === null) return;
    let dragging = false;
    let movedPx = 0;
    const isLocked = (): boolean => document.pointerLockElement === element;
    const onDown = (event: PointerEvent): void => {
      if (event.pointerType !== 'mouse' || event.button !== 0) return;
      dragging = true;
      movedPx = 0;
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent): void => {
      if (event.pointerType !== 'mouse' || (!dragging && !isLocked())) return;
      movedPx += Math.abs(event.movementX);
      controls.look(event.movementX, DEG_PER_PX);
    };
    const onUp = (event: PointerEvent): void => {
      if (event.pointerType !== 'mouse' || !dragging) return;
      dragging = false;
      if (movedPx < 4 && !isLocked()) void lock(element);
    };
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      if (isLocked()) document.exitPointerLock();
    };
  }, [surface, controls, active]);
}

/** A browser may refuse (just after Esc, say); dragging works all the same. */
async function lock(element: HTMLElement): Promise<void> {
  try {
    await element.requestPointerLock();
  } catch {
    return;
  }
}
