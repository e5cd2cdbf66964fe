// A stand-in for the API server: it answers as it is told, and keeps what it was asked. Plain http on a free port.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeTempDir } from './temp.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface StandIn {
  readonly url: string;
  readonly asked: Asked[];
  /** A kubeconfig whose current context is this server. */
  readonly kubeconfig: string;
}

/** @param answer status and body of the answer; undefined leaves the response to be written by hand */
export async function startStandIn(
  context: TestContext,
  answer: (asked: Asked, response: ServerResponse) => readonly [status: number, body: unknown] | undefined,
): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { method = '', url: path = '', headers } = request;
    const each = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
    asked.push(each);
    const result = answer(each, response);
    if (!result) return;
    const [status, body] = result;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = await writeKubeconfig(context, url);
  return { url, asked, kubeconfig };
}

/** A kubeconfig file for that server; its context `test` names the namespace `shop`. */
export async function writeKubeconfig(context: TestContext, server: string): Promise<string> {
  const path = join(await makeTempDir(context), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'the-token' } }],
    contexts: [
      { name: 'test', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      { name: 'bare', context: { cluster: 'c', user: 'u' } },
    ],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}
