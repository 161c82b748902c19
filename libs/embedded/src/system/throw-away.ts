import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onInterrupt } from '../interrupt.ts';
import { silent, type Progress } from '../progress.ts';
import { findOurs } from '../supervisor/our-processes.ts';
import { freePortBase } from './ports.ts';
import { startSystem, type System, type SystemOptions } from './system.ts';

export interface ThrowAwayOptions {
  readonly progress?: Progress;
  readonly restart?: boolean;
  readonly build?: boolean;
  readonly gatewaysPerRegion?: number;
  readonly workersPerRegion?: number;
  readonly controlPlaneEnv?: NodeJS.ProcessEnv;
  readonly fleetVia?: NonNullable<SystemOptions['fleetVia']>;
}

/** A whole system in a folder of its own, on free ports. */
export interface ThrowAway extends System {
  readonly startupMs: number;
  /** Stops the system and removes its folder; answers with how many of its processes are left, which must be 0. */
  remove(): Promise<number>;
}

export function throwAwayFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'meridian-'));
  // Root runs PostgreSQL as another account, which must come through.
  chmodSync(folder, 0o711);
  return folder;
}

export async function startThrowAway(options: ThrowAwayOptions = {}): Promise<ThrowAway> {
  const { progress = silent, workersPerRegion = 2, ...others } = options;
  const beganMs = performance.now();
  const folder = throwAwayFolder();
  const dropFolder = () => rmSync(folder, { recursive: true, force: true });
  const portBase = await freePortBase();
  const system = await startSystem({ folder, portBase, workersPerRegion, progress, ...others });
  const stopListening = onInterrupt({ end: () => system.stop().finally(dropFolder), force: system.kill });
  const remove = async () => {
    await system.stop();
    const orphans = findOurs(system.data).length;
    stopListening();
    dropFolder();
    return orphans;
  };
  await system.ready.catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return { ...system, startupMs: performance.now() - beganMs, remove };
}
