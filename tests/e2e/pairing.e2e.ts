// A second device in a walk: a phone as controller, a third one that looks on, in real browsers against the running
// system.

import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { difference, launch, picture, waitFor } from './support/browser.ts';
import { shared, until } from './support/system.ts';

const TEST_TIMEOUT_MS = 90_000;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

let browser: Browser;
let owner: Page;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  browser = await launch();
  owner = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await owner.goto(shared().url);
  await owner.getByTestId('start').click();
  await waitFor(owner, 'state', /^Live$/);
}, TEST_TIMEOUT_MS);

afterAll(() => browser.close(), TEST_TIMEOUT_MS);

async function newPhone(): Promise<Page> {
  const context = await browser.newContext(PHONE);
  contexts.push(context);
  return context.newPage();
}

/** A code for `role`, from the owner's panel. */
async function codeFor(role: 'Controller' | 'Spectator'): Promise<string> {
  if ((await owner.getByTestId('pair-code').count()) === 0) await owner.getByTestId('pair').click();
  const code = owner.getByTestId('pair-code');
  await code.waitFor();
  const known = await code.innerText();
  const choice = owner.getByRole('radio', { name: role });
  if (await choice.isChecked()) return known;
  await choice.check();
  await until('another code', 10_000, async () => {
    return (await code.count()) === 1 && (await code.innerText()) !== known;
  });
  return code.innerText();
}

async function join(code: string): Promise<Page> {
  const phone = await newPhone();
  await phone.goto(`${shared().url}/join#${code}`);
  expect(await phone.getByTestId('join-code').inputValue()).toBe(code);
  await phone.getByTestId('join').click();
  await waitFor(phone, 'state', /^Live$/);
  return phone;
}

/** Puts the left thumb down and pushes it up, until the answer is called. */
async function pushForward(phone: Page): Promise<() => Promise<void>> {
  const touch = await phone.context().newCDPSession(phone);
  const at = (x: number, y: number) => [{ x, y, id: 1 }];
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(100, 600) });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(100, 550) });
  return async () => {
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
}

describe('pairing', () => {
  it(
    'takes a phone in as controller, which walks the owner’s world',
    async () => {
      const phone = await join(await codeFor('Controller'));
      await owner.getByTestId('devices').getByText('Controller 1').waitFor();
      await owner.getByTestId('devices').getByText('connected', { exact: true }).waitFor();

      const before = await picture(owner);
      const letGo = await pushForward(phone);
      await until(
        'the owner’s picture to change',
        15_000,
        async () => difference(before, await picture(owner)) > 4,
      );
      await waitFor(phone, 'latency', /^\d+ ms$/);
      await waitFor(phone, 'hops', /network.*gateway.*wait.*step.*encode/s);
      const path = process.env['PAIRING_SCREENSHOT'];
      if (path) await writeFile(path, await phone.screenshot());
      await letGo();
      await until(
        'both to show the same place',
        15_000,
        async () => difference(await picture(phone), await picture(owner)) < 6,
      );
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'lets a spectator look on, and gives it nothing to steer with',
    async () => {
      const viewer = await join(await codeFor('Spectator'));
      expect(await viewer.getByTestId('pad').count()).toBe(0);
      const before = await picture(viewer);
      await owner.keyboard.down('KeyE');
      await until('the picture to turn', 15_000, async () => difference(before, await picture(viewer)) > 4);
      await owner.keyboard.up('KeyE');
      await owner.getByTestId('devices').getByText('Spectator 2').waitFor();
      await viewer.getByTestId('leave').click();
      await waitFor(viewer, 'ended-reason', /^You left the walk$/);
      await owner.getByTestId('devices').getByText('away', { exact: true }).waitFor();
      await waitFor(owner, 'state', /^Live$/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'says why a code does not serve: mistyped, or used before',
    async () => {
      const code = await codeFor('Controller');
      const phone = await newPhone();
      await phone.goto(`${shared().url}/join`);
      await phone.getByTestId('join-code').fill('K7QF');
      await phone.getByTestId('join').click();
      await waitFor(phone, 'join-problem', /This is not a code/);
      await phone.getByTestId('join-code').fill(code.toLowerCase().replace('-', ' '));
      await phone.getByTestId('join').click();
      await waitFor(phone, 'state', /^Live$/);

      const late = await newPhone();
      await late.goto(`${shared().url}/join#${code}`);
      await late.getByTestId('join').click();
      await waitFor(late, 'join-problem', /does not open a walk/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'sends a removed device away for good, and the walk goes on',
    async () => {
      const [phone] = contexts[0]?.pages() ?? [];
      if (phone === undefined) throw new Error('the controller’s page is gone');
      await owner.getByRole('button', { name: 'Remove Controller 1' }).click();
      await waitFor(phone, 'ended-reason', /^You were removed from this walk$/);
      await until('the list to forget it', 10_000, async () => {
        return (await owner.getByTestId('devices').getByText('Controller 1').count()) === 0;
      });
      await waitFor(owner, 'state', /^Live$/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'ends for all when the owner ends it',
    async () => {
      const pages = contexts.flatMap((context) => context.pages());
      const live = await Promise.all(
        pages.map(async (page) => (await page.getByText('Live', { exact: true }).count()) > 0),
      );
      const last = pages.find((_page, index) => live[index]);
      if (last === undefined) throw new Error('no other device is in the walk');
      await owner.getByTestId('end').click();
      await waitFor(last, 'ended-reason', /^The walk was ended$/);
    },
    TEST_TIMEOUT_MS,
  );
});
