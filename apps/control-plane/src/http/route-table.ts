import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem, fromHttpStatus } from './problem.ts';

interface Route {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

/** Which methods each address offers, so that a wrong method is told from a wrong address (405, not 404). */
export class RouteTable {
  readonly #routes: Route[] = [];

  constructor(server: FastifyInstance) {
    server.addHook('onRoute', ({ url, method }) => {
      if (!url.includes('*')) this.#routes.push({ pattern: toPattern(url), methods: [method].flat() });
    });
  }

  methodsAt(path: string): readonly string[] {
    const found = this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
    return [...new Set(found)].sort();
  }
}

export function missingRoute(routes: RouteTable, request: FastifyRequest): Problem {
  const path = request.url.split('?', 1)[0] ?? '/';
  const methods = routes.methodsAt(path);
  if (methods.length === 0 || methods.includes(request.method)) return fromHttpStatus(404);
  const allow = methods.join(', ');
  return new Problem('method_not_allowed', `${request.method} is not offered here; use ${allow}.`, {
    headers: { allow },
  });
}

const toPattern = (url: string): RegExp =>
  new RegExp(`^${url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+')}/?$`);
