// The body of a request to a JSON value. Always read to its end, so that a client has sent all before it is answered: one
// that is cut off while it writes may never see why. Room: webhook (door).
import type { IncomingMessage } from 'node:http';
import type { Load } from './load.ts';

/** Why a request is not looked at: the status and one line. */
export interface Refusal {
  readonly status: 400 | 404 | 405 | 413 | 415 | 429;
  readonly message: string;
}

/** `held` is to be released once the request is answered: what was made of the bytes lives until then. */
export interface Body {
  readonly held: number;
  readonly value?: unknown;
  readonly refusal?: Refusal;
}

/** Undefined where the client went away in the middle, and nothing is held. */
export function readJson(request: IncomingMessage, load: Load): Promise<Body | undefined> {
  const refusal = explainType(request.headers);
  const { bodyBytes } = load.limits;
  const chunks: Buffer[] = [];
  let size = 0;
  let held = 0;
  let isShed = false;
  let isRead = false;
  // By events: an async iterator takes a tenth of the time of a whole review.
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (refusal || isShed || size > bodyBytes) return;
      if (load.hold(chunk.length)) {
        held += chunk.length;
        chunks.push(chunk);
      } else isShed = true;
    });
    request.on('end', () => {
      isRead = true;
      if (refusal) resolve({ held, refusal });
      else if (size > bodyBytes) resolve({ held, refusal: tooLarge(bodyBytes) });
      else resolve({ held, ...(isShed ? { refusal: BUSY } : parse(chunks)) });
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      if (isRead) return;
      load.release(held);
      resolve(undefined);
    });
  });
}

/** False where the client went away in the middle. */
export function discard(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    request.on('end', () => resolve(true));
    request.on('error', () => undefined);
    request.on('close', () => resolve(false));
    request.resume();
  });
}

export const BUSY: Refusal = { status: 429, message: 'too many reviews at once; try again in a second' };

function tooLarge(limit: number): Refusal {
  return { status: 413, message: `the body has more than ${limit / 1024 / 1024} MiB` };
}

function explainType(headers: IncomingMessage['headers']): Refusal | undefined {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') {
    return { status: 415, message: 'the Content-Type must be application/json' };
  }
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) {
    return { status: 415, message: 'the charset must be utf-8' };
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { status: 415, message: 'the body must not be compressed' };
  }
  return undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(chunks: readonly Buffer[]): Pick<Body, 'value' | 'refusal'> {
  const [first] = chunks;
  try {
    const text = utf8.decode(chunks.length === 1 ? first : Buffer.concat(chunks));
    return { value: JSON.parse(text) };
  } catch {
    // Not the parser's own words: they quote the text, and Secrets are in it.
    return { refusal: { status: 400, message: 'the body is not valid JSON in UTF-8' } };
  }
}
