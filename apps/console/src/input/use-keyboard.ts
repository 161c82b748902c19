import { useEffect } from 'react';
import type { Controls } from './controls.ts';
import { isWalkingKey, keyboardIntent } from './keyboard.ts';

/** Reads the whole page's keys while `active`. Typing in a field, a choice by arrows, and shortcuts are left alone. */
export function useKeyboard(controls: Controls, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const held = new Set<string>();
    const tell = (): void => controls.set('keyboard', keyboardIntent(held));
    const onDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!isWalkingKey(event.code) || isForField(event)) return;
      event.preventDefault();
      held.add(event.code);
      tell();
    };
    const onUp = (event: KeyboardEvent): void => {
      if (held.delete(event.code)) tell();
    };
    const letGo = (): void => {
      held.clear();
      tell();
    };
    window.addEventListener('keydown', onDown);
    window.addEventListener('keyup', onUp);
    window.addEventListener('blur', letGo);
    return () => {
      window.removeEventListener('keydown', onDown);
      window.removeEventListener('keyup', onUp);
      window.removeEventListener('blur', letGo);
      letGo();
    };
  }, [controls, active]);
}

/** A field takes what is typed into it; a choice of buttons takes the arrows, and the letters are for walking. */
function isForField({ target, code }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input[type="radio"]')) return code.startsWith('Arrow');
  return target.matches('input, textarea, select') || target.isContentEditable;
}
