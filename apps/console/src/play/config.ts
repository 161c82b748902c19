const KEY_STORE = 'meridian.apiKey';

/** The demo key that the control plane serves, else the one typed in this tab before; undefined: ask for one. */
export async function findApiKey(signal: AbortSignal): Promise<string | undefined> {
  return (await servedKey(signal)) ?? sessionStorage.getItem(KEY_STORE) ?? undefined;
}

/** Kept for this tab only, and gone with it. */
export function rememberApiKey(apiKey: string): void {
  sessionStorage.setItem(KEY_STORE, apiKey);
}

export function forgetApiKey(): void {
  sessionStorage.removeItem(KEY_STORE);
}

async function servedKey(signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch('/play/config.json', { signal });
    const config: unknown = response.ok ? await response.json() : undefined;
    if (typeof config !== 'object' || config === null || !('apiKey' in config)) return undefined;
    return typeof config.apiKey === 'string' && config.apiKey !== '' ? config.apiKey : undefined;
  } catch {
    return undefined;
  }
}
