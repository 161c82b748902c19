/** Typed events; a listener that throws harms neither the others nor the SDK. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();
  readonly #onFailure: (event: keyof Events, thrown: unknown) => void;

  constructor(onFailure: (event: keyof Events, thrown: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Calls `listener` on every `event`; the answer stops that. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as (payload: Events[E]) => void)(payload);
      } catch (thrown) {
        this.#onFailure(event, thrown);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
