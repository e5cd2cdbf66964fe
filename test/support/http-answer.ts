// A small HTTP server that always answers the same, and keeps what it was asked.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Answer {
  /** 0: never an answer. */
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answering {
  readonly url: string;
  readonly port: number;
  readonly seen: { readonly line: string; readonly headers: IncomingMessage['headers'] }[];
}

/** On 127.0.0.1, until the test ends. */
export async function serveAnswer(
  context: TestContext,
  { status, text = '', headers = {} }: Answer,
): Promise<Answering> {
  const seen: Answering['seen'] = [];
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    if (status > 0) response.writeHead(status, headers).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, seen };
}
