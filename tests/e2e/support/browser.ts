// The play page in a real browser.

import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
];

export function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS });
}

export function waitFor(page: Page, testId: string, pattern: RegExp): Promise<void> {
  return page.getByTestId(testId).filter({ hasText: pattern }).waitFor({ timeout: 20_000 });
}

/** The picture as numbers, at a size at which noise does not count. */
export function picture(page: Page): Promise<number[]> {
  return page.getByTestId('canvas').evaluate((canvas) => {
    const small = new OffscreenCanvas(32, 18);
    const context = small.getContext('2d');
    context?.drawImage(canvas as HTMLCanvasElement, 0, 0, 32, 18);
    return [...(context?.getImageData(0, 0, 32, 18).data ?? [])];
  });
}

/** Mean difference of two pictures, of 255. */
export function difference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
}
