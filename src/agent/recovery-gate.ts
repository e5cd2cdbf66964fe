// A socket before the one of the daemon that serves a recovery: "missing" ends a recovery for good, so it is believed only
// after a second look. Room: agent (door).
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../telemetry/log.ts';
import { buildMessage, MESSAGE, type Message, parseFetch, readMessage } from '../tools/daemon-protocol.ts';

export interface GateOptions {
  /** Where it listens. */
  readonly path: string;
  /** The engine's own socket; asked for with each request, and awaited: at first the engine is only starting. */
  readonly engine: () => Promise<string>;
  /** Does the store hold the WAL file? Throws where the store cannot tell. */
  readonly isStored: (name: string) => Promise<boolean>;
  readonly log: Logger;
}

/** A store that is short of breath refuses some requests and answers the next. */
const FETCHES = 3;

export async function startGate(options: GateOptions): Promise<Server> {
  const server = createServer((client) => {
    client.on('error', () => undefined);
    serve(client, options)
      .catch((error: Error) => {
        options.log.error({ error: error.message }, 'a recovery request could not be answered');
        return buildMessage(MESSAGE.error);
      })
      .then(({ bytes }) => client.end(bytes));
  });
  await once(server.listen(options.path), 'listening');
  return server;
}

/**
 * | the engine says | the store lists it | answer                                     |
 * | anything else   |                    | the engine's                               |
 * | missing         | no                 | missing                                    |
 * | missing         | cannot tell        | error: Postgres stops, and its pod retries |
 * | missing         | yes                | asked again, then error                    |
 */
async function serve(client: Socket, { engine, isStored, log }: GateOptions): Promise<Message> {
  const request = await readMessage(client);
  const name = parseFetch(request);
  for (let fetches = 1; ; fetches++) {
    const answer = await ask(await engine(), request);
    if (answer.type !== MESSAGE.missing || name === undefined || !(await isStored(name))) return answer;
    log.warn({ segment: name }, 'the engine says that it is missing, the store lists it');
    if (fetches === FETCHES) return buildMessage(MESSAGE.error);
  }
}

async function ask(path: string, request: Message): Promise<Message> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    socket.write(request.bytes);
    return await readMessage(socket);
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
