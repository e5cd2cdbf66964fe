// A TCP proxy in front of the store that can go bad: accept and never answer, refuse, answer 503, break what is open.
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Store } from './store.ts';

/**
 * hang: connections open and stay silent, those that were open too. throttled: every HEAD is answered with 503, as by a store
 * that asks for less, and all other requests go through. slow: the beginning of what a connection sends goes through.
 */
export type Fault = 'none' | 'hang' | 'refuse' | 'unavailable' | 'throttled' | 'slow';

export interface FaultyProxy {
  readonly endpoint: string;
  /** For connections from now on; those that are open are stalled or broken. */
  readonly set: (fault: Fault) => void;
  /** Resolves when a connection has come to a stop because it is slow. */
  readonly stalled: () => Promise<void>;
}

const UNAVAILABLE =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n' +
  '<?xml version="1.0"?><Error><Code>ServiceUnavailable</Code><Message>down</Message></Error>';

export async function startProxy(context: TestContext, store: Store): Promise<FaultyProxy> {
  let fault: Fault = 'none';
  const events = new EventEmitter();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    track(open, socket);
    if (fault === 'none') pass(open, socket, store.port);
    if (fault === 'throttled') throttle(open, socket, store.port);
    if (fault === 'slow') passBeginning(open, socket, store.port, () => events.emit('stalled'));
    if (fault === 'refuse') socket.resetAndDestroy();
    if (fault === 'unavailable') socket.once('data', () => socket.end(UNAVAILABLE)).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    set: (next) => {
      fault = next;
      for (const socket of open) {
        if (next === 'hang') socket.unpipe().pause();
        else socket.destroy();
      }
    },
    stalled: async () => {
      await once(events, 'stalled');
    },
  };
}

function track(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => undefined).on('close', () => open.delete(socket));
}

function throttle(open: Set<Socket>, socket: Socket, port: number): void {
  socket.once('data', (chunk: Buffer) => {
    if (chunk.toString('latin1').startsWith('HEAD ')) return socket.end(UNAVAILABLE.replace(/\r\n\r\n.*/, '\r\n\r\n'));
    // What follows on a kept connection goes through as well: a client sends its HEADs one by one.
    socket.pause().unshift(chunk);
    return pass(open, socket, port);
  });
}

/** Enough for requests without a body. */
const BEGINNING_BYTES = 4096;

function passBeginning(open: Set<Socket>, socket: Socket, port: number, onStalled: () => void): void {
  pass(open, socket, port);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BEGINNING_BYTES) return;
    socket.unpipe().pause();
    onStalled();
  });
}

function pass(open: Set<Socket>, socket: Socket, port: number): void {
  const upstream = connect(port, '127.0.0.1');
  track(open, upstream);
  socket.pipe(upstream).pipe(socket);
  socket.on('close', () => upstream.destroy());
  upstream.on('close', () => socket.destroy());
}
