// A client of one connection that sends any bytes and reads what comes back: for requests that a proper client would not
// make, and for a great many of them.
import { connect, type TLSSocket } from 'node:tls';
import { SERVER_NAME } from './tls.ts';

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

export interface RawClient {
  /** One request as it goes over the wire. Rejects where the connection ends before the whole answer is there. */
  readonly send: (...parts: readonly (string | Buffer)[]) => Promise<RawAnswer>;
  /** More bytes of the request that is under way. */
  readonly sendMore: (bytes: string) => void;
  /** Sends these bytes and breaks the connection off. */
  readonly cut: (...parts: readonly (string | Buffer)[]) => Promise<void>;
  readonly close: () => void;
}

/** Connects when it sends, and anew after an answer that closes the connection. */
export function createRawClient(port: number, ca: string, servername = SERVER_NAME): RawClient {
  let socket: TLSSocket | undefined;

  async function open(): Promise<TLSSocket> {
    if (socket?.writable && !socket.destroyed) return socket;
    const made = connect({ port, host: '127.0.0.1', ca, servername });
    made.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      made.once('secureConnect', resolve);
      made.once('error', reject);
    });
    made.removeAllListeners('error').on('error', () => undefined);
    socket = made;
    return made;
  }

  return {
    send: async (...parts) => {
      const to = await open();
      const answer = readAnswer(to);
      for (const part of parts) to.write(part);
      const { closes, ...rest } = await answer;
      if (closes) to.destroy();
      return rest;
    },
    sendMore: (bytes) => {
      if (socket?.writable) socket.write(bytes);
    },
    cut: async (...parts) => {
      const to = await open();
      for (const part of parts) to.write(part);
      await new Promise((resolve) => setImmediate(resolve));
      to.destroy();
    },
    close: () => void socket?.destroy(),
  };
}

function readAnswer(socket: TLSSocket): Promise<RawAnswer & { readonly closes: boolean }> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const answer = parse(bytes);
      if (answer) end(() => resolve(answer));
    };
    const onClose = () => end(() => reject(new Error(`the connection ended after ${bytes.length} bytes of an answer`)));
    function end(settle: () => void): void {
      socket.off('data', onData).off('close', onClose).off('end', onClose);
      settle();
    }
    socket.on('data', onData).on('close', onClose).on('end', onClose);
  });
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Undefined until all of it is there. Every answer of the webhook says how long it is. */
function parse(bytes: Buffer): (RawAnswer & { readonly closes: boolean }) | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const start = headEnd + HEAD_END.length;
  const end = start + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  if (bytes.length < end) return undefined;
  return {
    status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
    body: bytes.toString('utf8', start, end),
    closes: /^connection: close/im.test(head),
  };
}
