import type {
  Incidents,
  ModelCatalog,
  ModelVersion,
  SessionReport,
  SessionTokenClaims,
  SessionTokens,
  WorkerControl,
} from '@meridian/application';
import type { EndReason, Epoch, SessionId } from '@meridian/domain';

export class FakeModelCatalog implements ModelCatalog {
  readonly #versions = new Map<string, ModelVersion>();

  async record(version: ModelVersion): Promise<void> {
    const key = `${version.model}@${version.modelVersion}`;
    const firstSeenAtMs = this.#versions.get(key)?.firstSeenAtMs ?? version.firstSeenAtMs;
    this.#versions.set(key, { ...version, firstSeenAtMs });
  }

  async list(): Promise<readonly ModelVersion[]> {
    return [...this.#versions.values()];
  }
}

/** Tokens that anyone can read: the claims as JSON. */
export class FakeSessionTokens implements SessionTokens {
  async issue(claims: SessionTokenClaims): Promise<string> {
    return JSON.stringify(claims);
  }

  async jwks(): Promise<{ readonly keys: readonly object[] }> {
    return { keys: [] };
  }

  static read(token: string): SessionTokenClaims {
    return JSON.parse(token) as SessionTokenClaims;
  }
}

export interface EndCall {
  readonly address: string;
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly reason: EndReason;
}

/** Workers at their addresses; one that is not there does not answer. */
export class FakeWorkerControl implements WorkerControl {
  readonly ended: EndCall[] = [];
  readonly #workers = new Map<string, (call: EndCall) => SessionReport | undefined>();

  /** From now on the address answers, with what `onEnd` says. */
  listen(address: string, onEnd: (call: EndCall) => SessionReport | undefined = () => undefined): void {
    this.#workers.set(address, onEnd);
  }

  vanish(address: string): void {
    this.#workers.delete(address);
  }

  async end(
    address: string,
    sessionId: SessionId,
    epoch: Epoch,
    reason: EndReason,
  ): Promise<SessionReport | undefined> {
    const call = { address, sessionId, epoch, reason };
    this.ended.push(call);
    return this.#workers.get(address)?.(call);
  }

  async answers(address: string): Promise<boolean> {
    return this.#workers.has(address);
  }
}

/** Keeps what use cases went on in spite of. */
export class NotedIncidents implements Incidents {
  readonly notes: string[] = [];

  note(what: string): void {
    this.notes.push(what);
  }
}
