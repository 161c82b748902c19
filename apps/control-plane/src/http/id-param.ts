import type { PipeTransform } from '@nestjs/common';
import type { Problem } from './problem.ts';

/** An id in a path. One that cannot be an id names nothing, and no store is asked for it. */
export class IdParam<Id extends string> implements PipeTransform<string, Id> {
  readonly #pattern: RegExp;
  readonly #notFound: () => Problem;

  constructor(pattern: RegExp, notFound: () => Problem) {
    this.#pattern = pattern;
    this.#notFound = notFound;
  }

  transform(text: string): Id {
    if (!this.#pattern.test(text)) throw this.#notFound();
    return text as Id;
  }
}
