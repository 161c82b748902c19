/** How a GPU was bought: each kind has its own price. */
export const PURCHASE_KINDS = ['on_demand', 'reserved', 'spot'] as const;
export type PurchaseKind = (typeof PURCHASE_KINDS)[number];

/** What a worker that says nothing else is taken for. */
export const DEFAULT_PURCHASE: PurchaseKind = 'on_demand';
