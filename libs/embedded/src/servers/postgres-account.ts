// PostgreSQL refuses to run as root, so root runs it as another account: the one that owns the data already, else
// `nobody`, which every system has.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { inRoot, type DataDir } from '../layout.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** False: the account may not enter some folder on the way to the data or to the binaries. */
  readonly canReach: boolean;
}

const NOBODY = 65_534;

/** Undefined: run as who we are. */
export function account(data: DataDir): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = existsSync(data.postgres) ? statSync(data.postgres) : undefined;
  const uid = owner && owner.uid !== 0 ? owner.uid : NOBODY;
  const gid = owner && owner.gid !== 0 ? owner.gid : NOBODY;
  return { uid, gid, canReach: [data.path, inRoot('node_modules')].every(isOpenToAll) };
}

function isOpenToAll(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  const parent = path.dirname(folder);
  return open && (parent === folder || isOpenToAll(parent));
}

/**
 * A command as the account. Below a closed folder, such as root's home, the account also gets the right to pass
 * folder permissions (and nothing else of root's): closed folders stay closed for everybody else.
 */
export function commandAs(owner: Account | undefined, file: string, args: readonly string[]) {
  if (!owner) return { file, args, options: {} };
  const { uid, gid } = owner;
  if (owner.canReach) return { file, args, options: { uid, gid } };
  const rights = '+dac_override,+dac_read_search';
  const setpriv = ['--securebits=+no_setuid_fixup', `--inh-caps=${rights}`, `--ambient-caps=${rights}`];
  const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return { file: 'setpriv', args: [...setpriv, ...as, file, ...args], options: {} };
}
