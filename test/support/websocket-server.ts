// A WebSocket server of a few lines, as the API server is one for exec: it takes the connection, and sends frames as it is told.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { writeKubeconfig } from './api-server.ts';

/** Of RFC 6455. */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Channels of the exec protocol. */
export const CHANNEL = { stdout: 1, stderr: 2, status: 3 } as const;

export interface ExecServer {
  readonly kubeconfig: string;
  /** Path and query of each connection. */
  readonly asked: string[];
}

export interface ExecConnection {
  readonly send: (channel: number, data: string | Buffer) => void;
  /** Without a closing frame. */
  readonly cut: () => void;
  readonly closed: Promise<unknown>;
}

/** @param serve called for each connection, or the HTTP status by which each is refused. @param pods of each list */
export async function startExecServer(
  context: TestContext,
  serve: ((connection: ExecConnection) => void) | number,
  pods: readonly object[] = [],
): Promise<ExecServer> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: pods }));
  });
  server.on('upgrade', (request, socket) => {
    asked.push(request.url ?? '');
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (typeof serve === 'number') {
      socket.end(`HTTP/1.1 ${serve} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${MAGIC}`).digest('base64');
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    const headers = [`Sec-WebSocket-Accept: ${accept}`, 'Sec-WebSocket-Protocol: v5.channel.k8s.io'];
    socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
    serve({
      send: (channel, data) => socket.write(frame(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]))),
      cut: () => socket.destroy(),
      closed: once(socket, 'close'),
    });
    // Whatever the client sends, its closing frame above all, ends it.
    socket.once('data', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
  });
  const kubeconfig = await writeKubeconfig(context, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { kubeconfig, asked };
}

/** One unmasked binary frame, as servers send them. */
function frame(payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
  const head = Buffer.alloc(10);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
