import type { ModelCatalog, ModelVersion } from '@meridian/application';
import type { Database } from './database.ts';

export class PrismaModelCatalog implements ModelCatalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A version that is known keeps the time it was first seen; the rest is as the newest registration says. */
  async record({ firstSeenAtMs, ...version }: ModelVersion): Promise<void> {
    const { model, modelVersion } = version;
    const data = { ...version, actions: [...version.actions], stateBytes: BigInt(version.stateBytes) };
    await this.#database.rows((prisma) =>
      prisma.modelVersion.upsert({
        where: { model_modelVersion: { model, modelVersion } },
        create: { ...data, firstSeenAt: new Date(firstSeenAtMs) },
        update: data,
      }),
    );
  }

  async list(): Promise<readonly ModelVersion[]> {
    const orderBy = [
      { model: 'asc' as const },
      { firstSeenAt: 'asc' as const },
      { modelVersion: 'asc' as const },
    ];
    const rows = await this.#database.rows((prisma) => prisma.modelVersion.findMany({ orderBy }));
    return rows.map(({ firstSeenAt, stateBytes, ...version }) => ({
      ...version,
      stateBytes: Number(stateBytes),
      firstSeenAtMs: firstSeenAt.getTime(),
    }));
  }
}
