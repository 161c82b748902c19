const KEY_STORE = 'meridian.adminKey';

/** Kept for this tab only, and gone with it. */
export const storedAdminKey = (): string | undefined => sessionStorage.getItem(KEY_STORE) ?? undefined;

export const rememberAdminKey = (adminKey: string): void => sessionStorage.setItem(KEY_STORE, adminKey);

export const forgetAdminKey = (): void => sessionStorage.removeItem(KEY_STORE);
