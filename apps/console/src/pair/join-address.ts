/** Where another device enters `code`: on this very page, for its address is one that works. */
export function joinAddress(origin: string, code: string): string {
  return `${origin}/join#${code}`;
}

/** True when `hostname` means "this machine" to whoever asks, so that another device would ask itself. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
