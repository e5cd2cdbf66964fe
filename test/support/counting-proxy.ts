// A proxy before a real API server that counts what is asked through it: of a Lease nothing, because who leads must write it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CountingProxy {
  readonly kubeconfig: string;
  readonly count: (what: 'write' | 'read' | 'watch') => number;
  /** Method and path of each write. */
  readonly listWrites: () => string[];
  /** Milliseconds since the last write. */
  readonly quietMs: () => number;
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

/**
 * @param kubeconfig file of JSON with a token, as test/cluster writes it
 * @param onWrite called before a write is passed on, with its number from 1 since the last reset
 */
export async function startCountingProxy(
  kubeconfig: string,
  onWrite: (number: number) => void = () => undefined,
): Promise<CountingProxy> {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server: target, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca, 'base64') });
  const writes: string[] = [];
  const counts = { read: 0, watch: 0 };
  let lastWrite = performance.now();

  function note({ method = '', url = '' }: IncomingMessage): void {
    if (url.includes('/leases')) return;
    if (url.includes('watch=true')) counts.watch++;
    if (method === 'GET') counts.read++;
    else {
      writes.push(`${method} ${url.split('?')[0]}`);
      lastWrite = performance.now();
      onWrite(writes.length);
    }
  }

  function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    note(incoming);
    const { host: _host, ...headers } = incoming.headers;
    const options = { method: incoming.method ?? 'GET', headers, agent };
    const forwarded = request(new URL(incoming.url ?? '', target), options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.on('error', () => outgoing.destroy()).pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  }

  const server = createServer(pass);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const directory = await mkdtemp(join(tmpdir(), 'walguard-proxy-'));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.clusters[0].cluster = { server: url, 'insecure-skip-tls-verify': true };
  const path = join(directory, 'kubeconfig');
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return {
    kubeconfig: path,
    count: (what) => (what === 'write' ? writes.length : counts[what]),
    listWrites: () => [...writes],
    quietMs: () => performance.now() - lastWrite,
    reset: () => {
      writes.length = 0;
      counts.read = 0;
      counts.watch = 0;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
