import { timingSafeEqual } from 'node:crypto';
import type { RegionId } from '@meridian/domain';
import type { Headers } from '@meridian/http2';
import { bearerOf, digest } from '../auth/bearer.ts';
import type { Region } from '../config.ts';
import { FleetError } from './fleet-error.ts';

/** Throws `FleetError`. */
export type RegionOfSecret = (headers: Headers) => RegionId;

/**
 * The region whose secret the caller knows; that alone decides which region it speaks for. Every secret is compared,
 * so that the time tells nothing.
 */
export function makeRegionOfSecret(regions: readonly Region[]): RegionOfSecret {
  const known = regions.map(({ id, fleetSecret }) => ({ id, digest: digest(fleetSecret) }));
  return (headers) => {
    const secret = bearerOf(headers.get('authorization'));
    if (secret === undefined) {
      throw new FleetError(
        'secret_missing',
        'Send the secret of the region as authorization: Bearer FLEET_SECRET.',
      );
    }
    const told = digest(secret);
    const [region] = known.filter((one) => timingSafeEqual(one.digest, told));
    if (!region)
      throw new FleetError('secret_wrong', 'This is not the secret of any region here; check FLEET_SECRET.');
    return region.id;
  };
}
