// Which addresses a webhook may reach. A tenant chooses the name, so whatever it resolves to must lie outside our own
// network: no loopback, private, link-local (cloud metadata), carrier, multicast or reserved range, in any spelling.
import { BlockList, isIP, isIPv4 } from 'node:net';

const V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** IPv6 is refused but for what is handed out (2000::/3), and of that what carries an IPv4 address or names nothing. */
const V6_GLOBAL = ['2000::', 3] as const;
const V6_WITHIN: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const v4 = new BlockList();
for (const [network, bits] of V4) v4.addSubnet(network, bits, 'ipv4');
const global6 = new BlockList();
global6.addSubnet(...V6_GLOBAL, 'ipv6');
const within6 = new BlockList();
for (const [network, bits] of V6_WITHIN) within6.addSubnet(network, bits, 'ipv6');

/** True for an address of the public internet; false for all others and for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !v4.check(address, 'ipv4');
  if (isIP(address) !== 6 || address.includes('%')) return false;
  return global6.check(address, 'ipv6') && !within6.check(address, 'ipv6');
}
