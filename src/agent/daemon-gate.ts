// The socket that the database reaches, before the one of the engine's daemon: passes on what the rules allow, one request for
// each connection. Room: agent (door).
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../telemetry/log.ts';
import {
  buildMessage,
  MESSAGE,
  type Message,
  parseRequest,
  type Request,
  readMessage,
} from '../tools/daemon-protocol.ts';

export interface GateOptions {
  /** Where it listens. */
  readonly path: string;
  /** The engine's own socket; asked for with each request, and awaited: at first the engine is only starting. */
  readonly engine: () => Promise<string>;
  /** Why the request is not passed on; undefined where it is. */
  readonly findObjection: (request: Request) => Promise<string | undefined>;
  /**
   * Does the store hold the WAL file? Throws where the store cannot tell. Given where the engine's "missing", which ends a
   * recovery for good, needs a second look.
   */
  readonly isStored?: (name: string) => Promise<boolean>;
  readonly log: Logger;
  /** For a whole request to come. */
  readonly requestTimeoutMs?: number;
}

/** A store that is short of breath refuses some requests and answers the next. */
const FETCHES = 3;
/** Two names at most, of which one may be a whole path. */
const MAX_REQUEST_BYTES = 8192;
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than clients wait. */
const ENGINE_TIMEOUT_MS = 90_000;
/** Postgres has one; the sidecar has few. More would only use up its files and memory. */
const MAX_CLIENTS = 64;

export async function startGate(options: GateOptions): Promise<Server> {
  const { path, log } = options;
  const server = createServer((client) => {
    client.on('error', () => undefined);
    serve(client, options)
      .catch((error: Error) => {
        log.error({ error: error.message }, 'a request of the database could not be answered');
        return buildMessage(MESSAGE.error);
      })
      // Whoever goes on sending, or never closes, is not waited for.
      .then(({ bytes }) => client.end(bytes, () => client.destroy()));
  });
  server.maxConnections = MAX_CLIENTS;
  await once(server.listen(path), 'listening');
  server.on('error', (error) => log.error({ error: error.message }, 'a connection of the database was not accepted'));
  return server;
}

async function serve(client: Socket, options: GateOptions): Promise<Message> {
  const message = await readRequest(client, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  const request = parseRequest(message);
  const objection = request ? await options.findObjection(request) : 'it is none that is known';
  if (objection === undefined)
    return request?.kind === 'fetch' ? fetch(request, message, options) : pass(message, options);
  options.log.warn({ objection }, 'a request of the database is refused');
  return buildMessage(MESSAGE.error);
}

async function readRequest(client: Socket, timeoutMs: number): Promise<Message> {
  const timer = setTimeout(() => client.destroy(new Error(`no whole request within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await readMessage(client, MAX_REQUEST_BYTES);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * | the engine says | the store lists it | answer                                     |
 * | anything else   |                    | the engine's                               |
 * | missing         | no, or not asked   | missing                                    |
 * | missing         | cannot tell        | error: Postgres stops, and its pod retries |
 * | missing         | yes                | asked again, then error                    |
 */
async function fetch({ name }: { readonly name: string }, message: Message, options: GateOptions): Promise<Message> {
  for (let fetches = 1; ; fetches++) {
    const answer = await pass(message, options);
    if (answer.type !== MESSAGE.missing || !(await options.isStored?.(name))) return answer;
    options.log.warn({ segment: name }, 'the engine says that it is missing, the store lists it');
    if (fetches === FETCHES) return buildMessage(MESSAGE.error);
  }
}

async function pass(message: Message, { engine }: GateOptions): Promise<Message> {
  const socket = connect({ path: await engine() });
  socket.setTimeout(ENGINE_TIMEOUT_MS, () => socket.destroy(new Error('the engine did not answer in time')));
  try {
    await once(socket, 'connect');
    socket.write(message.bytes);
    return await readMessage(socket);
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
