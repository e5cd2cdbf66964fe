// The database's own tools, which run in the container beside this one: what to run goes in by a pipe with a name, and what
// they write and how they end comes back by others. See companion/dump.ts for the other side. The image is the user's: no link
// that it leaves in the directory is followed, or this side would read for it what only this side may. Room: agent (door).
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { open, unlink, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteWord, quoteWords } from '../lib/shell.ts';

export interface DumpClient {
  /**
   * What the tool writes, as it comes. Throws at the end where the tool failed, or where nobody knows how it ended. One at a
   * time; after one that was not read to its end there is no next, because it may write still.
   */
  readonly run: (call: ToolCall) => AsyncGenerator<Buffer>;
  /** Lets the container end. */
  readonly close: () => void;
}

export interface ToolCall {
  readonly words: readonly string[];
  /** For what an argument must not or cannot say. */
  readonly env?: Environment;
  readonly input?: AsyncIterable<Uint8Array>;
}

type Environment = Readonly<Record<string, string>>;

/**
 * @param directory with the pipes `requests`, `replies`, `input` and `output`
 * @param env of every tool, with the password: it goes by a file that only this uid may read, and that is gone afterwards
 * @param stop aborted here when the container ends; ends whatever runs
 */
export function openDumpClient(directory: string, env: Environment, stop: AbortController): DumpClient {
  const at = (name: string) => join(directory, name);
  const replies = openReading(at('replies'));
  const awaitCode = readCodes(replies, stop);
  // For both, or it would wait here for the other side; nothing is read on this one.
  const requests = openSync(at('requests'), constants.O_RDWR | constants.O_NOFOLLOW);
  let count = 0;
  let isBusy = false;
  const run: DumpClient['run'] = async function* ({ words, env: own = {}, input }) {
    if (isBusy) throw new Error(`${words[0]}: the tool before it may still run`);
    isBusy = true;
    const name = `request-${++count}`;
    await writeFile(at(name), toScript(words, { ...env, ...own }, input !== undefined), { mode: 0o600, flag: 'wx' });
    const output = addAbortSignal(stop.signal, openReading(at('output')));
    const ended = awaitCode(name);
    const feeding = input && feed(at('input'), input, ended, stop.signal);
    try {
      writeSync(requests, `${name}\n`);
      for await (const chunk of output) yield chunk as Buffer;
      const code = await ended;
      isBusy = false;
      if (code !== 0) throw new Error(`${words[0]} ended with code ${code}: ${await readErrors(at('errors'), env)}`);
      await feeding;
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      output.destroy();
      await unlink(at(name)).catch(() => undefined);
    }
  };
  const close = () => {
    replies.destroy();
    closeSync(requests);
  };
  return { run, close };
}

/** `exec`: the script's exit code is the tool's. */
function toScript(words: readonly string[], env: Environment, hasInput: boolean): string {
  const exports = Object.entries(env).map(([name, value]) =>
    name === 'PATH' ? `export PATH=${value}\n` : `export ${name}=${quoteWord(value)}\n`,
  );
  return `${exports.join('')}exec ${quoteWords(words)} <${hasInput ? 'input' : '/dev/null'}\n`;
}

/** Without waiting for the other side: a thread that waits in open() could not be called back. */
function openReading(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  return new Socket({ fd, readable: true, writable: false });
}

/** Replies are `<request> <exit code>`. The container holds its end of the pipe open as long as it lives. */
function readCodes(replies: Socket, stop: AbortController): (request: string) => Promise<number> {
  const waiting = new Map<string, (code: number) => void>();
  createInterface(replies).on('line', (line) => {
    const [request = '', code] = line.split(' ');
    waiting.get(request)?.(Number(code));
  });
  replies.once('end', () => stop.abort(new Error("the container with the database's own tools ended in the middle")));
  replies.on('error', (error) => stop.abort(error));
  return (request) => {
    const code = new Promise<number>((resolve, reject) => {
      waiting.set(request, resolve);
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
    });
    // Awaited once the output has come to its end.
    code.catch(() => undefined);
    return code;
  };
}

/** Gives the tool its input; rejects where it took less, and stops where the tool ended. */
function feed(
  path: string,
  input: AsyncIterable<Uint8Array>,
  ended: Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  let isOver = false;
  const note = () => {
    isOver = true;
  };
  ended.then(note, note);
  const feeding = openWriting(path, () => isOver || signal.aborted).then((pipe) => pipe && pipeline(input, pipe));
  feeding.catch(() => undefined);
  return feeding;
}

const POLL_MS = 20;

/** A pipe that nobody reads yet cannot be opened for writing. @returns undefined once nobody will */
async function openWriting(path: string, isOver: () => boolean): Promise<Socket | undefined> {
  while (!isOver()) {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    await sleep(POLL_MS);
  }
  return undefined;
}

const MAX_ERRORS = 1500;
const MAX_ERROR_BYTES = 64 * 1024;

async function readErrors(path: string, { PGPASSWORD: password }: Environment): Promise<string> {
  const text = await readEnd(path).catch(() => '');
  const clean = password ? text.replaceAll(password, '[redacted]') : text;
  const lines = clean.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-5).join(' | ').slice(-MAX_ERRORS) || 'it said nothing';
}

/** Of a plain file that is there under this very name. */
async function readEnd(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const position = Math.max(0, size - MAX_ERROR_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_ERROR_BYTES), 0, MAX_ERROR_BYTES, position);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
