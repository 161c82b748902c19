// All programs of the comparison, started: the gateway and its peers, with TLS and without.
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../../apps/gateway/src/testing/self-signed.ts';
import { overGrpc, overWebSocket, type OpenStream, type Target } from './load.ts';
import { startHaproxy, startNginx, type PeerPlan } from './peers.ts';
import { startGateway, startScript, type GatewayPlan, type Relay } from './relays.ts';

export interface Contender {
  readonly name: string;
  /** Undefined: users speak to the source itself. */
  readonly pid: number | undefined;
  readonly target: Target;
  /** Runs on V8, so that it is slower at first. */
  readonly compilesItself: boolean;
  readonly over: (target: Target, tokens: readonly string[]) => OpenStream;
}

export interface Started {
  readonly contenders: readonly Contender[];
  readonly absent: readonly string[];
  close(): void;
}

type Plane = Omit<GatewayPlan, 'ports' | 'env'>;

/** `kinds`: with TLS or without, or both. */
export async function startContenders(
  plane: Plane,
  source: Relay,
  kinds: readonly boolean[],
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bench-tls-'));
  const { cert, key } = selfSigned();
  const [pem, certFile, keyFile] = ['pair.pem', 'cert.pem', 'key.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(pem, cert + key);
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const relays: Relay[] = [];
  const absent: string[] = [];
  const direct = contender('no relay', source, undefined, overGrpc, false);
  const contenders: Contender[] = kinds.length > 0 ? [direct] : [];
  const gateway = async (isTls: boolean) => {
    const env: Record<string, string> = isTls ? { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } : {};
    const relay = await startGateway({ ...plane, ports: await freePorts(), env });
    relays.push(relay);
    contenders.push(contender(`gateway, gRPC${isTls ? ', TLS' : ''}`, relay, relay.pid, overGrpc, isTls));
    const webSocket = contender(
      `gateway, WebSocket${isTls ? ', TLS' : ''}`,
      relay,
      relay.pid,
      overWebSocket,
      isTls,
    );
    contenders.push({ ...webSocket, target: { port: relay.port, isTls } });
  };
  const peer = async (
    name: string,
    start: (plan: PeerPlan) => Promise<Relay | undefined>,
    isTls: boolean,
  ) => {
    const [port] = await freePorts();
    const relay = await start({ source: source.grpcPort, port, pem: isTls ? pem : undefined });
    if (!relay) return void absent.push(name);
    relays.push(relay);
    const program = contender(`${name}${isTls ? ', TLS' : ''}`, relay, relay.pid, overGrpc, isTls);
    contenders.push({ ...program, compilesItself: false });
  };
  for (const isTls of kinds) {
    await gateway(isTls);
    await peer('nginx', startNginx, isTls);
    await peer('HAProxy', startHaproxy, isTls);
  }
  if (kinds.includes(false)) {
    const pipe = await startScript('bare-pipe.ts', `http://127.0.0.1:${source.grpcPort}`);
    relays.push(pipe);
    contenders.push(contender('bare node:http2 pipe', pipe, pipe.pid, overGrpc, false));
  }
  return {
    contenders,
    absent: [...new Set(absent)],
    close: () => {
      for (const relay of relays) relay.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const contender = (
  name: string,
  relay: Relay,
  pid: number | undefined,
  over: Contender['over'],
  isTls: boolean,
): Contender => ({ name, pid, target: { port: relay.grpcPort, isTls }, compilesItself: true, over });

export async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return (server.address() as AddressInfo).port;
    }),
  );
  for (const server of servers) server.close();
  return ports as unknown as readonly [number, number];
}
