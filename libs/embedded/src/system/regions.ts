import { HOST, type PortPlan } from './ports.ts';

export const REGIONS = [
  { id: 'us-east', jurisdiction: 'us', name: 'US East', location: { latitude: 39.04, longitude: -77.49 } },
  { id: 'eu-west', jurisdiction: 'eu', name: 'EU West', location: { latitude: 53.35, longitude: -6.26 } },
] as const;

export type RegionName = (typeof REGIONS)[number]['id'];

/** The control plane's `REGIONS_FILE`. */
export const regionsJson = (ports: PortPlan, gatewaysPerRegion: number): string =>
  JSON.stringify(
    REGIONS.map((region, index) => ({
      ...region,
      gateways: Array.from({ length: gatewaysPerRegion }, (_unused, number) => ({
        url: `http://${HOST}:${ports.gateway(index, number)}`,
        grpc: `${HOST}:${ports.gatewayGrpc(index, number)}`,
      })),
    })),
    undefined,
    2,
  );

/** `us-east` as the end of a variable's name: `US_EAST`. */
export const inVariable = (region: string): string => region.toUpperCase().replaceAll('-', '_');
