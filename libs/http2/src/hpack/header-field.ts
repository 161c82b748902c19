/** Name and value, the bytes of each as latin1. */
export type HeaderField = readonly [name: string, value: string];
