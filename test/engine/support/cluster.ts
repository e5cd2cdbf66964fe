// A primary and its standby, each behind an address of its own as behind its Service; and small servers for tests.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import { ARCHIVE_ARGUMENTS, startSidecar } from './agent.ts';
import type { World } from './engine-world.ts';
import { startPod } from './pod.ts';
import { adoptPostgres, type Postgres } from './postgres.ts';
import { findFreePort } from './store.ts';

export interface Member {
  readonly postgres: Postgres;
  /** What a job of this pod is told. */
  readonly env: NodeJS.ProcessEnv;
}

export interface Cluster {
  /** In the order of their ordinals: the primary, the standby. */
  readonly members: readonly Member[];
  readonly standby: Postgres;
}

/** A streaming standby of the world's Postgres, in an injected pod of its own. */
export async function makeCluster(
  context: TestContext,
  { store, pod: first, postgres: primary }: World,
): Promise<Cluster> {
  const { engine, major } = first;
  const pod = await startPod(context, { engine, major });
  const pgdata = await pod.makeDirectory('data');
  const { port, password = '' } = primary.connection;
  const login = `host=127.0.0.1 port=${port} user=postgres password=${password}`;
  const args = ['-D', pgdata, '-d', login, '-R', '-c', 'fast', '--no-sync'];
  const copied = await pod.run(`${pod.bin}/pg_basebackup`, args);
  if (copied.code !== 0) throw new Error(`pg_basebackup ended with ${copied.code}: ${copied.stderr}`);
  const standby = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
  const agent = { env: { WALGUARD_POD: 'orders-1' } };
  const sidecar = await startSidecar(context, store, standby, agent);
  await standby.start();
  await sidecar.until('the daemon of the standby runs', ({ daemon }) => daemon === 'running');
  const shared = await findFreePort();
  const servers = [primary, standby];
  const hosts = servers.map((_, index) => `127.0.10.${index + 1}`);
  for (const [index, server] of servers.entries()) {
    await forward(context, hosts[index] ?? '', shared, () => server.port);
  }
  const members = servers.map((postgres, index) => ({
    postgres,
    env: {
      WALGUARD_PGHOST: hosts[index] ?? '',
      WALGUARD_PGPORT: String(shared),
      WALGUARD_MEMBERS: hosts.join(','),
      WALGUARD_INSTANCE: `orders-${index}`,
    },
  }));
  return { members, standby };
}

/** A port whose connections go to another one, which may change. */
export async function startForwarder(context: TestContext): Promise<{ port: number; to: (port: number) => void }> {
  let target = 0;
  const port = await findFreePort();
  await forward(context, '127.0.0.1', port, () => target);
  return {
    port,
    to: (next) => {
      target = next;
    },
  };
}

async function forward(context: TestContext, host: string, port: number, to: () => number): Promise<void> {
  const server = createServer((socket) => {
    const upstream = connect(to(), '127.0.0.1');
    for (const [each, other] of [[socket, upstream] as const, [upstream, socket] as const])
      each.on('error', () => other.destroy()).on('close', () => other.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await listen(context, server, port, host);
}

async function listen(context: TestContext, server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
  context.after(() => server.close());
}

/** Takes anything and notes it: method, path, a line break and the body. */
export async function serveFake(context: TestContext, seen: string[]): Promise<string> {
  const server = createHttpServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.url}\n${body}`);
    response.end();
  });
  await listen(context, server, 0, '127.0.0.1');
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
