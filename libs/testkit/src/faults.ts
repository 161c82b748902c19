// Every I/O is slow, twice, late or never. Wrapping a fake in faults shows what a use case makes of that.
import { StoreUnavailable } from '@meridian/application';

/** What happens to one call: it works, never arrives, or works and its reply is lost. */
export type Fate = 'works' | 'refused' | 'reply-lost';

/** Says the fate of a call, by the name of the method. */
export type Fates = (method: string) => Fate;

/** A port whose calls meet their fate; a refused or lost one throws `StoreUnavailable`. */
export function faulty<P extends object>(store: string, port: P, fates: Fates): P {
  return new Proxy(port, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const fate = fates(name);
        if (fate === 'refused') throw new StoreUnavailable(store);
        const reply: unknown = await Reflect.apply(member, target, args);
        if (fate === 'reply-lost') throw new StoreUnavailable(store);
        return reply;
      };
    },
  });
}

/** Fates that a test sets one after the other; everything else works. */
export class ScriptedFates {
  readonly #next = new Map<string, Fate[]>();
  #down = false;

  /** The next call of the method meets this fate. */
  next(method: string, fate: Fate): void {
    this.#next.set(method, [...(this.#next.get(method) ?? []), fate]);
  }

  /** While it is down every call is refused. */
  down(isDown: boolean): void {
    this.#down = isDown;
  }

  readonly of: Fates = (method) => (this.#down ? 'refused' : (this.#next.get(method)?.shift() ?? 'works'));
}
