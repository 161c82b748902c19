import type { ModelPolicies, StoredPolicy } from '@meridian/application';
import type { PlacementPolicy } from '@meridian/domain';
import type { Database } from './database.ts';
import type { ModelPolicy, Prisma } from './generated/client.ts';

export class PrismaModelPolicies implements ModelPolicies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(model: string): Promise<StoredPolicy | undefined> {
    const row = await this.#database.rows((prisma) => prisma.modelPolicy.findUnique({ where: { model } }));
    return row === null ? undefined : storedFrom(row);
  }

  async put({ model, policy, limits, updatedAtMs }: StoredPolicy): Promise<void> {
    const change = {
      policy: { ...policy, ...(limits && { limits }) } as unknown as Prisma.InputJsonObject,
      updatedAt: new Date(updatedAtMs),
    };
    await this.#database.rows((prisma) =>
      prisma.modelPolicy.upsert({ where: { model }, create: { model, ...change }, update: change }),
    );
  }

  async remove(model: string): Promise<boolean> {
    const { count } = await this.#database.rows((prisma) =>
      prisma.modelPolicy.deleteMany({ where: { model } }),
    );
    return count === 1;
  }

  async list(): Promise<readonly StoredPolicy[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.modelPolicy.findMany({ orderBy: { model: 'asc' } }),
    );
    return rows.map(storedFrom);
  }
}

const storedFrom = ({ model, policy: json, updatedAt }: ModelPolicy): StoredPolicy => {
  const { limits, ...policy } = json as unknown as PlacementPolicy & Pick<StoredPolicy, 'limits'>;
  return { model, policy, ...(limits && { limits }), updatedAtMs: updatedAt.getTime() };
};
