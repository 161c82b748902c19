import type { PairingCode } from '@meridian/domain';
import { sha256 } from '../ids.ts';

export const codeHash = (code: PairingCode): string => sha256(code).toString('hex');
