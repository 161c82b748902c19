// One pool for Prisma and for SQL. Prisma reads and writes rows one by one; what must be one statement, or moves
// thousands of rows, is SQL of its own: rows travel as one JSON parameter (json_populate_recordset).
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { asStoreError } from './store-error.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most; default 10. */
  readonly connectionsMax?: number;
  /** A statement is given up after this long, and so is waiting for a connection; default 5 s. */
  readonly timeoutMs?: number;
  /** Errors of idle connections, for the log; the pool replaces them by itself. */
  readonly onError?: (error: Error) => void;
}

/** Anything that can run one statement: the pool, or the client of a transaction. */
export interface Runner {
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
}

/** Connects at the first call. Every call throws `StoreUnavailable` when the server does not answer in time. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #prisma: PrismaClient;

  constructor({ url, connectionsMax = 10, timeoutMs = 5000, onError }: DatabaseOptions) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs,
      // A little later than the server's, for a server that hangs.
      query_timeout: timeoutMs + 500,
      keepAlive: true,
      application_name: 'meridian',
    });
    this.#pool.on('error', onError ?? (() => undefined));
    this.#prisma = new PrismaClient({ adapter: new PrismaPg(this.#pool) });
  }

  /** Calls of Prisma's client. */
  async rows<T>(use: (prisma: PrismaClient) => Promise<T>): Promise<T> {
    return asStoreError(() => use(this.#prisma));
  }

  /** One statement. */
  async query<Row extends pg.QueryResultRow>(
    sql: string,
    values: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    return asStoreError(() => this.#pool.query<Row>(sql, values));
  }

  /** One statement that runs often: each connection parses and plans it once. */
  async prepared<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    return asStoreError(() => this.#pool.query<Row>({ name, text, values }));
  }

  /** Several statements, together or not at all (read committed). */
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.#within('BEGIN', work);
  }

  /** Several reads of one moment. */
  snapshot<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.#within('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work);
  }

  async #within<T>(begin: string, work: (runner: Runner) => Promise<T>): Promise<T> {
    return asStoreError(async () => {
      const client = await this.#pool.connect();
      // A connection that breaks fails its statement and is an event besides, which ends the process if nobody listens.
      const onBroken = (): void => undefined;
      client.on('error', onBroken);
      const release = (isBroken: boolean): void => {
        client.off('error', onBroken);
        client.release(isBroken);
      };
      try {
        await client.query(begin);
        const result = await work(client);
        await client.query('COMMIT');
        release(false);
        return result;
      } catch (error) {
        await client.query('ROLLBACK').then(
          () => release(false),
          () => release(true),
        );
        throw error;
      }
    });
  }

  /** True when the server answers now. */
  async answers(): Promise<boolean> {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    await this.#prisma.$disconnect();
    await this.#pool.end();
  }
}
