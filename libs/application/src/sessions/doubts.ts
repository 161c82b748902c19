import type { TenantId } from '@meridian/domain';

/**
 * Whose opens look into the record before a slot is taken for them. Others need not: a key that was used, or a quota that
 * is full, is found by the statement that would store the session, and the slot goes back.
 */
export class Doubts {
  #isAway = false;
  readonly #full = new Set<TenantId>();

  about(tenantId: TenantId): boolean {
    return this.#isAway || this.#full.has(tenantId);
  }

  /** It could not be written. Until it answers again nobody's slot waits for what cannot be stored. */
  recordFailed(): void {
    this.#isAway = true;
  }

  /** The record has answered. */
  saw(tenantId: TenantId, isFull: boolean): void {
    this.#isAway = false;
    if (isFull) this.#full.add(tenantId);
    else this.#full.delete(tenantId);
  }
}
