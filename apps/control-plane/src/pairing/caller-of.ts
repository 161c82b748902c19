/**
 * Whose attempts are counted together: an IPv4 address, or the half of an IPv6 address that a provider gives to one
 * customer, who has all addresses of the other half.
 */
export function callerOf(ip: string): string {
  const [address = ''] = ip.split('%');
  if (!address.includes(':')) return address;
  const mapped = /:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = [], right = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
