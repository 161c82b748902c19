// The play page as a person uses it, in a real browser, against the running system.

import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Meridian } from '@meridian/sdk';
import type { Browser, Page } from 'playwright-core';
import * as view from './support/browser.ts';
import { shared, until } from './support/system.ts';

const TEST_TIMEOUT_MS = 60_000;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await view.launch();
  page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
}, TEST_TIMEOUT_MS);

afterAll(() => browser.close(), TEST_TIMEOUT_MS);

const text = (testId: string): Promise<string> => page.getByTestId(testId).innerText();
const figure = async (testId: string): Promise<number> =>
  Number((await text(testId)).replace(/[^0-9.]/g, '') || 'NaN');
const waitFor = (testId: string, pattern: RegExp): Promise<void> => view.waitFor(page, testId, pattern);
const picture = (): Promise<number[]> => view.picture(page);

async function startWalking(): Promise<void> {
  await page.goto(shared().url);
  await page.getByTestId('start').click();
  await waitFor('state', /^Live$/);
  await until('frames to flow', 10_000, async () => (await figure('fps')) > 5);
}

/** The page's own key, to see its sessions as the API tells them. */
async function pageClient(): Promise<Meridian> {
  const { url } = shared();
  const { apiKey } = (await (await fetch(`${url}/play/config.json`)).json()) as { apiKey: string };
  return new Meridian({ baseUrl: url, apiKey });
}

async function liveSessionsOfPage(): Promise<number> {
  const { sessions } = await (await pageClient()).listSessions({ limit: 100 });
  return sessions.filter(({ state, metadata }) => state !== 'ended' && metadata['client'] === 'play-page')
    .length;
}

describe('the play page', () => {
  it(
    'starts, walks, says what it costs, and ends',
    async () => {
      await startWalking();
      expect(await text('region')).toMatch(/^(us-east|eu-west)$/);
      expect(await figure('epoch')).toBe(1);

      const before = await picture();
      await page.keyboard.down('KeyW');
      await until('the picture to change', 10_000, async () => view.difference(before, await picture()) > 4);
      await page.keyboard.up('KeyW');
      await waitFor('latency', /^\d+ ms$/);
      await waitFor('hops', /network.*gateway.*wait.*step.*encode/s);
      const cost = await figure('cost');
      await until('the cost to tick', 5_000, async () => (await figure('cost')) > cost);
      const path = process.env['PLAY_PAGE_SCREENSHOT'];
      if (path) await writeFile(path, await page.screenshot());

      await page.getByTestId('end').click();
      await waitFor('ended-reason', /^You ended the walk$/);
      await page.locator('[data-final="true"]').waitFor({ timeout: 10_000 });
      expect(await figure('final-cost')).toBeGreaterThan(0);
      expect(await liveSessionsOfPage()).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'turns with the mouse and stands still without a hand',
    async () => {
      await startWalking();
      await page.mouse.move(640, 400);
      await page.mouse.down();
      const before = await picture();
      await page.mouse.move(840, 400, { steps: 10 });
      await until('the picture to turn', 10_000, async () => view.difference(before, await picture()) > 4);
      await page.mouse.up();
      let last = await picture();
      await until('the world to stand still', 10_000, async () => {
        const now = await picture();
        const moved = view.difference(last, now);
        last = now;
        return moved < 0.5;
      });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'shows the same place in every quality, and keeps the choice for the next walk',
    async () => {
      await startWalking();
      const standard = await picture();
      for (const quality of ['light', 'exact']) {
        const shown = await picture();
        await page.getByTestId('picture').selectOption(quality);
        await until(
          'the picture to be drawn anew',
          10_000,
          async () => view.difference(shown, await picture()) > 0,
        );
        expect(view.difference(standard, await picture())).toBeLessThan(8);
        expect(await figure('fps')).toBeGreaterThan(5);
      }
      await startWalking();
      expect(await page.getByTestId('picture').inputValue()).toBe('exact');
      await page.getByTestId('picture').selectOption('standard');
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'leaves no session behind when the tab goes away',
    async () => {
      await startWalking();
      await until('only this session to live', 10_000, async () => (await liveSessionsOfPage()) === 1);
      await page.goto('about:blank');
      await until('the session to end', 10_000, async () => (await liveSessionsOfPage()) === 0);
    },
    TEST_TIMEOUT_MS,
  );
});
