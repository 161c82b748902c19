import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { FakeMeridian } from './testing/fake-meridian.ts';

const file = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');

it('shows an example in the README that runs', async () => {
  const example = await file('../examples/walk.ts');
  expect(await file('../README.md')).toContain(example.replace('../src/index.ts', '@meridian/sdk'));

  const fake = await FakeMeridian.start();
  const said: string[] = [];
  const log = console.log;
  console.log = (line: string) => said.push(line);
  process.env['MERIDIAN_URL'] = fake.url;
  try {
    const walked = import('../examples/walk.ts');
    while (fake.sessions.size === 0) await new Promise(setImmediate);
    await fake.only.attached();
    fake.only.echo = true;
    while (fake.only.actions.length === 0) await new Promise(setImmediate);
    fake.only.activeMs = 3_000;
    for (let number = 2; number <= 50; number += 1) fake.only.frame(1);
    await walked;
  } finally {
    console.log = log;
    delete process.env['MERIDIAN_URL'];
    await fake.stop();
  }
  expect(said).toEqual([
    expect.stringMatching(/^us-east: 50 frames, action to frame \d+ ms$/),
    'ended: client_ended',
    'cost: £0.001',
  ]);
});
