// Objects of any size in the store, as streams through the engine's own storage commands. Room: tools.
import { pipeline } from 'node:stream/promises';
import { parseListing, type StoredObject } from '../lib/store-listing.ts';
import { type Engine, engineError } from './engine.ts';
import { type ChildProcess, killGroup, onLines, run, start } from './exec.ts';

/** Where, and with what: the engine's environment names prefix and credentials. */
export interface ObjectPlace {
  readonly engine: Engine;
  readonly env: NodeJS.ProcessEnv;
  /** Ends whatever runs, with its process group; its reason is what is thrown. */
  readonly signal: AbortSignal;
}

/** Of a call that moves no bulk. */
const CALL_TIMEOUT_MS = 120_000;

const LIST_TIMEOUT_MS = 300_000;

/** All objects below the prefix. Segments of a month are tens of thousands of objects: some hundred requests. */
export async function listObjects(place: ObjectPlace): Promise<StoredObject[]> {
  return parseListing(await call(place, ['st', 'ls', '-r'], LIST_TIMEOUT_MS));
}

/**
 * Encrypted where the engine's environment says so. Never one that is there already. A source that throws leaves no object:
 * the engine is ended before it could take the end of what came for the end of it all.
 */
export async function putObject(place: ObjectPlace, path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const { engine, env, signal } = place;
  const child = start(engine.binary, ['st', 'put', '--read-stdin', '--no-compress', path], env, 'pipe');
  const ended = watch(child, env, signal);
  // Awaited below, when the input has come to its end.
  ended.catch(() => undefined);
  child.stdout?.resume();
  const guarded = async function* () {
    try {
      yield* source;
    } catch (error) {
      killGroup(child, 'SIGKILL');
      throw error;
    }
  };
  if (!child.stdin) throw new Error('the engine was started without an input');
  const fed = await pipeline(guarded(), child.stdin).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  // What it could not be given any more says less than what it said itself.
  if (fed && !isBrokenPipe(fed)) {
    killGroup(child, 'SIGKILL');
    await ended.catch(() => undefined);
    throw fed;
  }
  const result = await ended;
  if (result.code !== 0 || fed) throw engineError(`st put ${path}`, result);
}

/** As it was given to putObject. Throws at its end where the engine says that it was not all. */
export async function* readObjectStream(place: ObjectPlace, path: string): AsyncGenerator<Buffer> {
  const { engine, env, signal } = place;
  const child = start(engine.binary, ['st', 'cat', '--decrypt', path], env);
  const ended = watch(child, env, signal);
  ended.catch(() => undefined);
  try {
    for await (const chunk of child.stdout ?? []) yield chunk as Buffer;
    const result = await ended;
    if (result.code !== 0) throw engineError(`st cat ${path}`, result);
  } finally {
    // Of a reader that went away before the end.
    if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGKILL');
  }
}

async function call(
  { engine, env, signal }: ObjectPlace,
  args: readonly string[],
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<string> {
  const result = await run(engine.binary, args, { env, timeoutMs, signal });
  signal.throwIfAborted();
  if (result.code !== 0) throw engineError(args.slice(0, 2).join(' '), result);
  return result.stdout;
}

type Ended = Parameters<typeof engineError>[1];

const TAIL_LINES = 20;

/** Resolves when the process has ended and its output is closed; rejects with the signal's reason. */
function watch(child: ChildProcess, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Ended> {
  const stderrTail: string[] = [];
  onLines(child.stderr, env, (line) => {
    stderrTail.push(line);
    if (stderrTail.length > TAIL_LINES) stderrTail.shift();
  });
  return new Promise((resolve, reject) => {
    const end = () => {
      killGroup(child, 'SIGKILL');
      reject(signal.reason as Error);
    };
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    child.once('error', (cause) => reject(new Error(`could not start the engine: ${cause.message}`, { cause })));
    child.once('close', (code) => {
      signal.removeEventListener('abort', end);
      resolve({ code: code ?? 1, stdout: '', stderrTail, timedOut: false });
    });
  });
}

function isBrokenPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
