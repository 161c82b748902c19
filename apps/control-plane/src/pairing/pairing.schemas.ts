import { DEVICE_ROLES } from '@meridian/domain';
import { z } from 'zod';
import { IsoTime, Name, SessionIdText } from '../http/schemas.ts';
import { Connection } from '../sessions/session.schemas.ts';

const Role = z.enum(DEVICE_ROLES).meta({
  description: 'A `controller` sends actions and gets frames, a `spectator` gets frames',
});

const Label = Name.max(40).meta({ description: 'What a person calls the device', example: 'Phone' });

export const OfferPairing = z
  .strictObject({ role: Role, label: Label.optional() })
  .meta({ id: 'OfferPairing' });

export const PairingOffer = z
  .object({
    code: z.string().meta({ description: 'Good for one device', example: 'K7QF-3MXN' }),
    role: Role,
    expiresAt: IsoTime,
    joinUrl: z.string().meta({
      description: 'The page that asks for nothing more; show it as a QR code',
      example: 'http://127.0.0.1:4400/join#K7QF-3MXN',
    }),
  })
  .meta({ id: 'PairingOffer' });

export const ClaimPairing = z
  .strictObject({
    code: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'As it was typed: case, dash and spaces do not matter', example: 'k7qf 3mxn' }),
  })
  .meta({ id: 'ClaimPairing' });

const DeviceNumber = z.int().meta({ description: '1 or more; never used again in the session', example: 1 });

export const PairedDevice = z
  .object({
    sessionId: SessionIdText,
    device: DeviceNumber,
    role: Role,
    label: z.string().optional(),
    model: z.string(),
    connection: Connection,
  })
  .meta({ id: 'PairedDevice', description: 'What a device needs to take part, without an API key' });

export const Device = z
  .object({
    device: DeviceNumber,
    role: Role,
    label: z.string().optional(),
    pairedAt: IsoTime,
    removedAt: IsoTime.optional(),
  })
  .meta({ id: 'Device' });

export const DeviceList = z.object({ devices: z.array(Device) }).meta({ id: 'DeviceList' });
