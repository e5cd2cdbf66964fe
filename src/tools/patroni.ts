// Patroni's REST API in the same pod. Source: Patroni's documentation, "REST API" (/config, /patroni). Room: tools.
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface RestApi {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

const DEFAULT_PORT = 8008;
const TIMEOUT_MS = 3000;

/** It listens at every address, this one included, unless one is named. */
export function resolveRestApi(env: Readonly<Record<string, string | undefined>>): RestApi {
  const [, host = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(env.PATRONI_RESTAPI_LISTEN ?? '') ?? [];
  const { PATRONI_RESTAPI_USERNAME: username, PATRONI_RESTAPI_PASSWORD: password } = env;
  return {
    host: ['', '*', '0.0.0.0', '::', 'localhost'].includes(host) ? '127.0.0.1' : host,
    port: Number(port) || DEFAULT_PORT,
    ...(username && password ? { username, password } : {}),
  };
}

/** The dynamic configuration, shared by all members. */
export function readConfiguration(api: RestApi): Promise<unknown> {
  return call(api, 'GET', '/config');
}

/** Only the named parameters change. Patroni reloads Postgres; it restarts nothing by itself. */
export async function patchParameters(api: RestApi, parameters: object): Promise<void> {
  await call(api, 'PATCH', '/config', { postgresql: { parameters } });
}

/** The names of the cluster and of this member, as patronictl calls them; empty where they are not told. */
export async function readNames(api: RestApi): Promise<{ scope?: string; member?: string }> {
  const answer = (await call(api, 'GET', '/patroni').catch(() => undefined)) as
    | { patroni?: { scope?: string; name?: string } }
    | undefined;
  const { scope, name } = answer?.patroni ?? {};
  return { ...(scope ? { scope } : {}), ...(name ? { member: name } : {}) };
}

/** Error codes by which a server that speaks TLS answers plain HTTP. */
const NO_HTTP = /^(HPE_|ECONNRESET$|EPROTO$)/;

async function call(api: RestApi, method: string, path: string, body?: object): Promise<unknown> {
  try {
    return await send('http', api, method, path, body);
  } catch (error) {
    if (!NO_HTTP.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return send('https', api, method, path, body);
  }
}

function send(scheme: 'http' | 'https', api: RestApi, method: string, path: string, body?: object): Promise<unknown> {
  const { host, port, username, password } = api;
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host,
    port,
    method,
    path,
    timeout: TIMEOUT_MS,
    // Inside the pod; and its certificate is for its name outside.
    rejectUnauthorized: false,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), connection: 'close' },
    ...(username === undefined ? {} : { auth: `${username}:${password}` }),
  };
  const where = `${method} ${scheme}://${host}:${port}${path}`;
  return new Promise((resolve, reject) => {
    const sent = (scheme === 'http' ? requestHttp : requestHttps)(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        // /patroni answers 503 with its JSON on a member that is not running; the body of a refusal may quote anything.
        const isGood = response.statusCode === 200 || (response.statusCode === 503 && path === '/patroni');
        if (isGood) return resolve(parse(text));
        reject(new Error(`${where} answers ${response.statusCode}${explainCode(response.statusCode, username)}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${where} gives no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', (error) => reject(Object.assign(error, { message: `${where}: ${error.message}` })));
    sent.end(body ? JSON.stringify(body) : undefined);
  });
}

function explainCode(code: number | undefined, username: string | undefined): string {
  if (code !== 401) return '';
  return username === undefined
    ? ' (give the container PATRONI_RESTAPI_USERNAME and PATRONI_RESTAPI_PASSWORD)'
    : ' (PATRONI_RESTAPI_USERNAME or PATRONI_RESTAPI_PASSWORD is wrong)';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // PATCH answers with JSON too; nothing of it is used.
    return undefined;
  }
}
