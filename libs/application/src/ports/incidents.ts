/**
 * Faults that a use case went on in spite of (L4): a store away, a worker that did not answer. The app logs and
 * counts them; nothing decides by them.
 */
export interface Incidents {
  note(what: string, error: unknown, ids?: Readonly<Record<string, string>>): void;
}
