import { HOST, type PortPlan } from './ports.ts';

export const REGIONS = [
  { id: 'us-east', jurisdiction: 'us', name: 'US East' },
  { id: 'eu-west', jurisdiction: 'eu', name: 'EU West' },
] as const;

export type RegionName = (typeof REGIONS)[number]['id'];

/** The control plane's `REGIONS_FILE`. */
export const regionsJson = (ports: PortPlan): string =>
  JSON.stringify(
    REGIONS.map((region, index) => ({
      ...region,
      gatewayUrl: `http://${HOST}:${ports.gateway(index)}`,
      gatewayGrpc: `${HOST}:${ports.gatewayGrpc(index)}`,
    })),
    undefined,
    2,
  );

/** `us-east` as the end of a variable's name: `US_EAST`. */
export const inVariable = (region: string): string => region.toUpperCase().replaceAll('-', '_');
