// Messages of the daemon's socket, which both engines speak: a type, the length of all, the body. Room: tools.
import type { Socket } from 'node:net';

/** Types as the engines number them; others exist and are only passed on. */
export const MESSAGE = { fetch: 'f', error: 'E', missing: 'N' } as const;

export interface Message {
  readonly type: string;
  /** With its head, as it goes over the wire. */
  readonly bytes: Buffer;
}

const HEAD_BYTES = 3;

/** Resolves with the next whole message; rejects where the other side ends before. */
export function readMessage(socket: Socket): Promise<Message> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < HEAD_BYTES || bytes.length < bytes.readUInt16BE(1)) return;
      release();
      resolve({ type: String.fromCharCode(bytes[0] as number), bytes: bytes.subarray(0, bytes.readUInt16BE(1)) });
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

/** Name of the WAL file of a fetch: the first of its arguments, each with its length before it. */
export function parseFetch({ type, bytes }: Message): string | undefined {
  const first = HEAD_BYTES + 1;
  if (type !== MESSAGE.fetch || bytes.length < first + 2) return undefined;
  return bytes.toString('utf8', first + 2, first + 2 + bytes.readUInt16BE(first));
}
