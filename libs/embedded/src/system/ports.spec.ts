import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkPortsFree, HOST } from './ports.ts';

describe('ports that are to be used', () => {
  let holder: Server;
  let port: number;
  beforeEach(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, HOST, resolve));
    port = (holder.address() as AddressInfo).port;
  });
  afterEach(() => void holder.close());

  it('are named when another program has them, with what to do', async () => {
    await expect(checkPortsFree([port])).rejects.toThrow(
      `Port ${port} is taken by another program; stop it, or choose other ports with --port-base N.`,
    );
  });

  it('are waited for when their last holder is only just going', async () => {
    const checked = checkPortsFree([port]);
    holder.close();
    await expect(checked).resolves.toBeUndefined();
  });
});
