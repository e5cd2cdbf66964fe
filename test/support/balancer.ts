// A stand-in for a Service on loopback: each new connection goes to one of the ready backends and stays with it, as
// kube-proxy has it. It sees only bytes of TLS, and knows from them which connections wait for an answer.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  /** New connections go to these ports in turn; open ones stay where they are. */
  readonly setBackends: (ports: readonly number[]) => void;
  /** Open connections of that backend that wait for an answer. */
  readonly countInFlight: (port: number) => number;
  /** Connections that each backend broke off while an answer was due, since the start. */
  readonly countLost: () => number;
  /** Connections that came while no backend was ready. */
  readonly countRefused: () => number;
  readonly stop: () => Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly port: number;
  spokeLast: 'client' | 'upstream';
  answers: number;
  /** From the client, after the first answer. */
  bytes: number;
}

/** Of a TLS 1.3 handshake the server sends two: its own part, and session tickets; the client ends it with less than this. */
const HANDSHAKE = { answers: 2, clientBytes: 200 } as const;

/** How TLS closes a connection: an alert, and nothing else is as short. */
const FAREWELL_BYTES = 24;

/** Perhaps one too many while a connection is fresh, never one too few. A connection that was opened in advance is none. */
function isInFlight({ spokeLast, answers, bytes }: Connection): boolean {
  return spokeLast === 'client' || (answers <= HANDSHAKE.answers && bytes > HANDSHAKE.clientBytes);
}

export async function startBalancer(): Promise<Balancer> {
  const open = new Set<Connection>();
  const clients = new Set<Socket>();
  const counts = { refused: 0, lost: 0 };
  let backends: readonly number[] = [];
  let turn = 0;

  function accept(client: Socket): void {
    const port = backends[turn++ % Math.max(1, backends.length)];
    if (port === undefined) {
      counts.refused++;
      client.destroy();
      return;
    }
    clients.add(client);
    const connection = join(client, port);
    open.add(connection);
    connection.upstream.on('close', () => {
      if (!open.delete(connection)) return;
      if (isInFlight(connection)) counts.lost++;
      else countLateRequest(client, () => counts.lost++);
      client.unpipe().resume().end();
    });
    client.on('close', () => {
      clients.delete(client);
      open.delete(connection);
      connection.upstream.destroy();
    });
  }

  const server = createServer({ noDelay: true }, accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setBackends: (ports) => {
      backends = [...ports];
    },
    countInFlight: (port) => [...open].filter((each) => each.port === port && isInFlight(each)).length,
    countLost: () => counts.lost,
    countRefused: () => counts.refused,
    stop: () => stop(server, clients),
  };
}

function join(client: Socket, port: number): Connection {
  const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
  const connection: Connection = { client, upstream, port, spokeLast: 'client', answers: 0, bytes: 0 };
  client
    .on('error', () => undefined)
    .on('data', ({ length }) => {
      if (length <= FAREWELL_BYTES) return;
      connection.spokeLast = 'client';
      if (connection.answers > 0) connection.bytes += length;
    });
  upstream
    .on('error', () => undefined)
    .on('data', () => {
      connection.spokeLast = 'upstream';
      connection.answers++;
    });
  client.pipe(upstream).pipe(client);
  return connection;
}

/** One that was sent while the backend's end was on its way. */
function countLateRequest(client: Socket, count: () => void): void {
  let isCounted = false;
  client.on('data', ({ length }) => {
    if (!isCounted && length > FAREWELL_BYTES) count();
    isCounted ||= length > FAREWELL_BYTES;
  });
}

/** Each client takes its upstream with it. */
async function stop(server: Server, clients: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const client of clients) client.destroy();
  await closed;
}
