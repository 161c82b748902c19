import { describe, expect, it } from '@jest/globals';
import { nextDeviceNumber, type Device } from './device.ts';
import { pairingCodeOf, readPairingCode, showPairingCode } from './pairing-code.ts';

describe('a pairing code', () => {
  it('has all 40 bits of what was drawn, in an alphabet without I, L, O and U', () => {
    const all = ['abcdefgh', 'ijklmnop', 'qrstuvwx', 'yz234567'].map(pairingCodeOf);
    expect(all).toEqual(['01234567', '89ABCDEF', 'GHJKMNPQ', 'RSTVWXYZ']);
  });

  it('is shown in two halves and read as people type it', () => {
    const code = pairingCodeOf('t3xpdu2n');
    expect(showPairingCode(code)).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    for (const typed of [
      showPairingCode(code),
      code.toLowerCase(),
      ` ${code.slice(0, 4)} ${code.slice(4)}\n`,
    ]) {
      expect(readPairingCode(typed)).toBe(code);
    }
    expect(readPairingCode('oO1i-lLab')).toBe('001111AB');
  });

  it.each(['', 'K7QF3MX', 'K7QF-3MXNN', 'K7QF-3MXU', 'K7QF-3MX!', 'K7QF-3MXÑ'])('is not "%s"', (typed) => {
    expect(readPairingCode(typed)).toBeUndefined();
  });
});

describe('the number of a new device', () => {
  const device = (number: number, removedAtMs?: number): Device => ({
    ...{ device: number, role: 'controller', pairedAtMs: 0 },
    ...(removedAtMs !== undefined && { removedAtMs }),
  });
  const eight = Array.from({ length: 8 }, (_unused, index) => device(index + 1));

  it('rises, and that of one that was removed is not used again', () => {
    expect(nextDeviceNumber([])).toBe(1);
    expect(nextDeviceNumber([device(1), device(2, 5)])).toBe(3);
  });

  it('is none while eight take part, and there is one again when one was removed', () => {
    expect(nextDeviceNumber(eight)).toBeUndefined();
    expect(nextDeviceNumber([...eight.slice(0, 7), device(8, 5)])).toBe(9);
  });
});
