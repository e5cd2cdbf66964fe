// The https server: limits on what is slow, and connections that are never cut under a request. Room: webhook (door).
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';

export interface KeyPair {
  /** PEM: the leaf, and the intermediates behind it if there are any. */
  readonly cert: string;
  readonly key: string;
}

export interface Times {
  /** Headers, and headers with the body, must be there within these. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often the server looks for those that are late. */
  readonly checkMs: number;
  /** Longer than the API server's idle connections live (90 s): Go does not send a POST anew whose connection ended under it. */
  readonly keepAliveMs: number;
}

const TIMES: Times = { headersMs: 5000, requestMs: 9000, checkMs: 500, keepAliveMs: 120_000 };
const HANDSHAKE_MS = 10_000;
/** An idle connection costs some 50 KiB, and an API server keeps 25. */
const MAX_CONNECTIONS = 1000;

/** @param onRefused called with the status of what could not even be given to the listener */
export function createHttpsServer(
  listener: RequestListener,
  pair: KeyPair,
  onRefused: (status: number) => void = () => undefined,
  { headersMs, requestMs, checkMs, keepAliveMs }: Times = TIMES,
): Server {
  const options = {
    ...contextOf(pair),
    handshakeTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: checkMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
  };
  const server = createServer(options, listener);
  // Without a byte for this long; for those that never send a request, to which keepAliveTimeout does not apply.
  server.timeout = keepAliveMs;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = statusOf(error);
    // Opened in advance and not used yet, as Go does it; not late, so it stays.
    if (status === 408 && (socket as Socket).bytesRead === 0) return;
    onRefused(status);
    refuse(socket as Socket, status);
  });
  return server;
}

export function contextOf({ cert, key }: KeyPair): { cert: string; key: string; minVersion: 'TLSv1.3' } {
  return { cert, key, minVersion: 'TLSv1.3' };
}

const TEXTS = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' } as const;
type Status = keyof typeof TEXTS;

function statusOf({ code }: NodeJS.ErrnoException): Status {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
}

interface HttpSocket extends Socket {
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
}

/** Long enough for the answer to leave. */
const LAST_WORDS_MS = 1000;

function refuse(socket: HttpSocket, status: Status): void {
  if (!socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status} ${TEXTS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
}
