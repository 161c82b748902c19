import { expect, it } from '@jest/globals';
import { isPublicAddress } from './public-address.ts';

it.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450:4009:815::200e'])(
  'lets %s be reached',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

it.each([
  ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '0.0.0.0'],
  ...['100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1'],
  ...['::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1'],
  ...['ff02::1', '2001:db8::1', '2001::1', 'localhost', '', '1.1.1', '0x7f.1'],
])('does not let %s be reached', (address) => expect(isPublicAddress(address)).toBe(false));
