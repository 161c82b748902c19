/** What the OpenAPI document says of the header. */
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description: '1 to 128 visible characters. A retry with the same key and body has the same answer.',
  example: '4b1c2f0e-8d8b-4a55-9f6f-0c8a4be2a9d1',
};
