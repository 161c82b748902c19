import type { Metadata } from '@grpc/grpc-js';
import type { RegionId } from '@meridian/domain';
import { bearerOf, sameSecret } from '../auth/bearer.ts';
import type { Region } from '../config.ts';
import { FleetError } from './fleet-error.ts';

/**
 * The region whose secret the caller knows; that alone decides which region it speaks for. Every secret is compared,
 * so that the time tells nothing.
 */
export function regionOfSecret(metadata: Metadata, regions: readonly Region[]): RegionId {
  const header = metadata.get('authorization')[0];
  const secret = bearerOf(typeof header === 'string' ? header : undefined);
  if (secret === undefined) {
    throw new FleetError(
      'secret_missing',
      'Send the secret of the region as authorization: Bearer FLEET_SECRET.',
    );
  }
  const [region] = regions.filter(({ fleetSecret }) => sameSecret(secret, fleetSecret));
  if (!region)
    throw new FleetError('secret_wrong', 'This is not the secret of any region here; check FLEET_SECRET.');
  return region.id;
}
