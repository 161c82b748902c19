import { StoreUnavailable, type ModelPolicies, type StoredPolicy } from '@meridian/application';

export class FakeModelPolicies implements ModelPolicies {
  readonly #policies = new Map<string, StoredPolicy>();
  /** True: every call throws `StoreUnavailable`. */
  away = false;

  async get(model: string): Promise<StoredPolicy | undefined> {
    return this.#there().get(model);
  }

  async put(stored: StoredPolicy): Promise<void> {
    this.#there().set(stored.model, stored);
  }

  async remove(model: string): Promise<boolean> {
    return this.#there().delete(model);
  }

  async list(): Promise<readonly StoredPolicy[]> {
    return [...this.#there().values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  #there(): Map<string, StoredPolicy> {
    if (this.away) throw new StoreUnavailable('postgres');
    return this.#policies;
  }
}
