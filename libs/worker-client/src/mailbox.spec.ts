import { describe, expect, it } from '@jest/globals';
import { Mailbox } from './mailbox.ts';

const all = async <T>(mailbox: Mailbox<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of mailbox) items.push(item);
  return items;
};

describe('Mailbox', () => {
  it('hands over what came before and after the loop began, in order', async () => {
    const mailbox = new Mailbox<number>();
    mailbox.push(1);
    const items = all(mailbox);
    mailbox.push(2);
    setImmediate(() => {
      mailbox.push(3);
      mailbox.close();
      mailbox.push(4);
    });
    expect(await items).toEqual([1, 2, 3]);
  });

  it('hands over what waits before it throws', async () => {
    const mailbox = new Mailbox<number>();
    mailbox.push(1);
    mailbox.close(new Error('broken'));
    const got: number[] = [];
    const loop = async () => {
      for await (const item of mailbox) got.push(item);
    };
    await expect(loop()).rejects.toThrow('broken');
    expect(got).toEqual([1]);
  });

  it('tells how many wait, so that a source can be paused', async () => {
    const levels: number[] = [];
    const mailbox = new Mailbox<string>((waiting) => levels.push(waiting));
    mailbox.push('a');
    mailbox.push('b');
    mailbox.close();
    await all(mailbox);
    expect(levels).toEqual([1, 2, 1, 0]);
  });
});
