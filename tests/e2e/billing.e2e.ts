// The billing page as finance uses it: two recorded days in a system of their own, and figures that equal the API's.

import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePortBase } from '@meridian/embedded';
import type { Browser, Page } from 'playwright-core';
import * as view from './support/browser.ts';
import { request, type Target } from './support/system.ts';
import { startUp, type Up } from './support/up.ts';

const START_MS = 300_000;
const TEST_MS = 60_000;
const DAY_MS = 86_400_000;
const MERIDIAN = path.resolve(import.meta.dirname, '../../meridian');

const dayBefore = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const [FIRST_DAY, LAST_DAY, UNTIL] = [dayBefore(2), dayBefore(1), `${dayBefore(0)}T00:00:00Z`];
const WINDOW = `from=${FIRST_DAY}T00:00:00Z&to=${UNTIL}`;
const PAGE = `/billing?from=${FIRST_DAY}&to=${LAST_DAY}`;

let folder: string;
let target: Target;
let up: Up;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'meridian-billing-'));
  chmodSync(folder, 0o711);
  const recorded = ['simulate', '--record', folder, '--days', '2', '--seed', '5', '--until', UNTIL];
  await promisify(execFile)(MERIDIAN, recorded);
  const portBase = await freePortBase();
  up = await startUp(folder, portBase);
  const adminKey = readFileSync(path.join(folder, 'secrets', 'admin-key'), 'utf8').trim();
  target = { url: `http://127.0.0.1:${portBase}`, adminKey };
  browser = await view.launch();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
}, START_MS);

afterAll(async () => {
  await browser?.close();
  if (up) process.kill(up.pid, 'SIGTERM');
  await up?.exited;
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

async function api<Body>(route: string): Promise<Body> {
  const { body, status } = await request<Body>(target, target.adminKey, 'GET', `/admin/v1/billing/${route}`);
  expect(status).toBe(200);
  return body;
}

async function enter(address = PAGE): Promise<void> {
  await page.goto(`${target.url}${address}`);
  const door = page.getByTestId('admin-key');
  const inside = page.getByTestId('per-user-hour');
  await door.or(inside).waitFor();
  if (!(await door.isVisible())) return;
  await door.fill(target.adminKey);
  await page.getByRole('button', { name: 'Continue' }).click();
}

interface UsageRow {
  readonly activeMs: number;
  readonly costNano: string;
  readonly idleNano: string;
  readonly tenant?: string;
}

/** Pounds a user-hour, idle included, to two places. */
function perUserHour(rows: readonly UsageRow[]): string {
  const nano = rows.reduce((sum, row) => sum + BigInt(row.costNano) + BigInt(row.idleNano), 0n);
  const hours = rows.reduce((sum, row) => sum + row.activeMs, 0) / 3_600_000;
  return `£${(Number(nano) / 1e9 / hours).toFixed(2)}`;
}

const pounds = (nano: string): string =>
  `£${(Number(nano) / 1e9).toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

describe('the billing page', () => {
  it(
    'is reached from the lobby, and lets nobody in without the admin key',
    async () => {
      await page.goto(target.url);
      await page.getByRole('link', { name: 'Billing' }).click();
      await page.getByTestId('admin-key').fill('no such key');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('alert').filter({ hasText: 'not accepted' }).waitFor();
      expect(await page.evaluate(() => sessionStorage.getItem('meridian.adminKey'))).toBeNull();
    },
    TEST_MS,
  );

  it(
    'shows the figures that the API answers, and says them in words',
    async () => {
      await enter();
      const { rows } = await api<{ rows: UsageRow[] }>(`usage?${WINDOW}&interval=none&idle=by_usage`);
      await view.waitFor(page, 'per-user-hour', /£/);
      expect(await page.getByTestId('per-user-hour').innerText()).toBe(perUserHour(rows));
      await view.waitFor(page, 'conservation', /^exactly$/);
      const chart = page.getByTestId('panel-user-hour').getByRole('img');
      expect(await chart.getAttribute('aria-label')).toContain(`A user-hour cost ${perUserHour(rows)}`);
    },
    TEST_MS,
  );

  it(
    'gives every chart its table',
    async () => {
      await enter();
      const { rows } = await api<{ rows: { billNano: string; sessionNano: string }[] }>(
        `gpu-hours?${WINDOW}&interval=hour&timeZone=UTC`,
      );
      const panel = page.getByTestId('panel-idle');
      await panel.getByRole('img').waitFor();
      await panel.getByRole('button', { name: 'Table' }).click();
      const cells = panel.locator('tbody tr').first().locator('td');
      expect(await panel.locator('tbody tr').count()).toBe(rows.length);
      expect((await cells.allInnerTexts()).slice(1, 3)).toEqual([
        pounds(rows[0]?.billNano ?? ''),
        pounds(rows[0]?.sessionNano ?? ''),
      ]);
      const names = await page
        .locator('section.panel')
        .evaluateAll((all) => all.map((each) => each.className));
      expect(names).toHaveLength(9);
      for (const name of ['live', 'density', 'margins', 'budgets', 'top-sessions', 'what-if', 'record']) {
        const button = page.getByTestId(`panel-${name}`).getByRole('button', { name: 'Table' });
        await button.click();
        await page.getByTestId(`panel-${name}`).getByRole('table').waitFor();
      }
    },
    TEST_MS,
  );

  it(
    'gives the API’s own CSV away',
    async () => {
      await enter();
      await page.getByTestId('panel-user-hour').getByRole('img').waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByTestId('csv-user-hour').click(),
      ]);
      const file = await readFile(await download.path(), 'utf8');
      const query = `${WINDOW}&interval=hour&timeZone=UTC&idle=by_usage&groupBy=region&format=csv`;
      const answer = await fetch(`${target.url}/admin/v1/billing/usage?${query}`, {
        headers: { authorization: `Bearer ${target.adminKey}` },
      });
      expect(file).toBe(await answer.text());
      expect(file.split('\n').length).toBeGreaterThan(48);
    },
    TEST_MS,
  );

  it(
    'keeps its filters in the address',
    async () => {
      await enter();
      await page.getByTestId('filter-tenant').selectOption({ label: 'Citadel' });
      await page.waitForURL(/tenant=ten_citadel/);
      // A tenant's share of idle is made in each bucket: of two days, the page asks for hours.
      const { rows } = await api<{ rows: UsageRow[] }>(
        `usage?${WINDOW}&interval=hour&idle=by_usage&tenant=ten_citadel`,
      );
      await page.reload();
      await view.waitFor(page, 'per-user-hour', new RegExp(`^${perUserHour(rows).replace('.', '\\.')}$`));
      await page.goBack();
      await page.waitForURL((url) => !url.search.includes('tenant'));
    },
    TEST_MS,
  );

  it(
    'replays the usage at another density',
    async () => {
      await enter();
      const slider = page.getByRole('slider', { name: 'Sessions on a GPU, on average' });
      await slider.press('End');
      await view.waitFor(page, 'what-if-outcome', /£[\d,]+ less/);
      await page.getByRole('button', { name: 'As it was' }).click();
      await view.waitFor(page, 'what-if-outcome', /Move a slider/);
    },
    TEST_MS,
  );

  it(
    'fits a phone, and can be read by keys',
    async () => {
      await enter();
      await page.setViewportSize({ width: 360, height: 780 });
      const panel = page.getByTestId('panel-user-hour');
      const chart = panel.getByRole('group', { name: /arrow keys/ });
      await chart.focus();
      await page.keyboard.press('Home');
      await panel.locator('[aria-live]').filter({ hasText: 'Everything £' }).waitFor({ state: 'attached' });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(beyond).toBeLessThanOrEqual(0);
    },
    TEST_MS,
  );
});
