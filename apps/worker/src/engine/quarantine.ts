/** Sessions lost to the model within the window after which the worker takes no more. */
const FAULTS_MAX = 3;
const WINDOW_US = 600_000_000;

/** A model that keeps failing must not be given session after session. Only a restart lifts it. */
export class Quarantine {
  #faultsUs: readonly number[] = [];
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  sessionLost(nowUs: number): void {
    this.#faultsUs = [...this.#faultsUs, nowUs].filter((atUs) => nowUs - atUs < WINDOW_US);
    if (this.#faultsUs.length >= FAULTS_MAX) this.#closed = true;
  }
}
