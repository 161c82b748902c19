// The running system that `./meridian test` has started for these tests, seen as its users see it.

import { setTimeout as delay } from 'node:timers/promises';
import { Meridian } from '@meridian/sdk';

export interface Target {
  readonly url: string;
  readonly adminKey: string;
}

export interface Worker {
  readonly id: string;
  readonly region: string;
  readonly incarnation: string;
  readonly health: string;
  readonly slots: number;
  readonly usedSlots: number;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set; run these tests with \`./meridian test e2e\`.`);
}

export const shared = (): Target => ({
  url: variable('MERIDIAN_URL'),
  adminKey: variable('MERIDIAN_ADMIN_KEY'),
});

/** Where workers register, host:port. */
export const fleetAddress = (): string => variable('MERIDIAN_FLEET_GRPC');

/** One HTTP request with a key, and its JSON. */
export async function request<Body>(
  target: Target,
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  const response = await fetch(`${target.url}${path}`, {
    method,
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : undefined) as Body,
  };
}

export const admin = <Body>(
  target: Target,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<Body>> => request(target, target.adminKey, method, path, body);

/** A tenant of a test's own, and its API key. */
export async function newTenant(target: Target, name: string, maxSessions = 100): Promise<string> {
  const tenant = await admin<{ id: string }>(target, 'POST', '/admin/v1/tenants', { name, maxSessions });
  const path = `/admin/v1/tenants/${tenant.body.id}/api-keys`;
  const key = await admin<{ secret: string }>(target, 'POST', path, { name: 'test' });
  return key.body.secret;
}

export const client = (target: Target, apiKey: string): Meridian =>
  new Meridian({ baseUrl: target.url, apiKey });

export async function modelName(meridian: Meridian): Promise<string> {
  const [model] = await meridian.listModels();
  if (!model) throw new Error('No worker serves a model.');
  return model.model;
}

export async function workers(target: Target): Promise<readonly Worker[]> {
  return (await admin<{ workers: Worker[] }>(target, 'GET', '/admin/v1/workers')).body.workers;
}

export async function usedSlots(target: Target): Promise<number> {
  return (await workers(target)).reduce((sum, { usedSlots: used }) => sum + used, 0);
}

const HOLD_MS = 30_000;

/**
 * Waits until no slot is held. A tab that an earlier test closed holds its own for the default hold, and would free it
 * in the middle of a test that counts slots.
 */
export async function untilNoSlotIsHeld(target: Target): Promise<void> {
  await until('no slot to be held', HOLD_MS + 5_000, async () => (await usedSlots(target)) === 0);
}

/** Looks until `look` answers with something; fails after `withinMs` with what it waited for. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadlineMs) throw new Error(`Waited ${withinMs} ms for ${what}.`);
    await delay(20);
  }
}
