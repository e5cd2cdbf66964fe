// Messages of the daemon's socket, which both engines speak: a type, the length of all, the body. Room: tools.
import type { Socket } from 'node:net';

/** Types as the engines number them; others exist. */
export const MESSAGE = { check: 'C', push: 'F', fetch: 'f', ok: 'O', error: 'E', missing: 'N' } as const;

export interface Message {
  readonly type: string;
  /** With its head, as it goes over the wire. */
  readonly bytes: Buffer;
}

const HEAD_BYTES = 3;
/** Of what its length can say. */
const MAX_BYTES = 0xffff;

/**
 * Resolves with the next whole message; rejects where the other side ends before, or begins one that is longer than it may be.
 * What comes after it is dropped: there is one message from each side of a connection.
 */
export function readMessage(socket: Socket, maxBytes = MAX_BYTES): Promise<Message> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < HEAD_BYTES) return;
      const length = bytes.readUInt16BE(1);
      if (length < HEAD_BYTES || length > maxBytes) return onError(new Error(`a message of ${length} bytes`));
      if (bytes.length < length) return;
      release();
      resolve({ type: String.fromCharCode(bytes[0] as number), bytes: bytes.subarray(0, length) });
    };
    const onError = (error: Error) => {
      release();
      reject(error);
    };
    const onClose = () => onError(new Error('the other side ended in the middle of a message'));
    const release = () => socket.off('data', onData).off('error', onError).off('close', onClose);
    socket.on('data', onData).once('error', onError).once('close', onClose);
  });
}

export function buildMessage(type: string, body = Buffer.alloc(0)): Message {
  const head = Buffer.from([type.charCodeAt(0), 0, 0]);
  head.writeUInt16BE(HEAD_BYTES + body.length, 1);
  return { type, bytes: Buffer.concat([head, body]) };
}

/** What a client asks for. */
export type Request =
  | { readonly kind: 'check' }
  | { readonly kind: 'push'; readonly name: string }
  | { readonly kind: 'fetch'; readonly name: string; readonly destination: string };

/** Undefined for every other message, and for one with a byte too many or too few: what is judged is what the engine reads. */
export function parseRequest({ type, bytes }: Message): Request | undefined {
  const body = bytes.subarray(HEAD_BYTES);
  if (type === MESSAGE.check) return body.length === 0 ? { kind: 'check' } : undefined;
  // A single argument is the body itself.
  if (type === MESSAGE.push) return { kind: 'push', name: body.toString('latin1') };
  if (type !== MESSAGE.fetch) return undefined;
  const [name, destination, ...others] = parseArguments(body) ?? [];
  if (name === undefined || destination === undefined || others.length > 0) return undefined;
  return { kind: 'fetch', name, destination };
}

/** Several arguments: their number, then each with its length before it. */
function parseArguments(body: Buffer): string[] | undefined {
  const found: string[] = [];
  let at = 1;
  for (; at + 2 <= body.length; at += 2 + body.readUInt16BE(at)) {
    found.push(body.toString('latin1', at + 2, at + 2 + body.readUInt16BE(at)));
  }
  return at === body.length && found.length === body[0] ? found : undefined;
}
