// The only place that starts processes. Every call has a deadline, and the whole process group dies with it: an engine's
// children outlive a signal to their parent (measured: a backup-push on a dead store). Room: tools.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export type { ChildProcess } from 'node:child_process';

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Called with each line of stderr, for progress. */
  readonly onStderr?: (line: string) => void;
  /** Ends it as the deadline does. */
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Exit code; 128 + signal where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  /** The last lines, without credentials. */
  readonly stderrTail: readonly string[];
  readonly timedOut: boolean;
}

const TAIL_LINES = 20;
const MAX_LINE = 500;
const KILL_AFTER_MS = 5000;

export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options.env);
    let stdout = '';
    const stderrTail: string[] = [];
    let timedOut = false;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    onLines(child.stderr, options.env, (line) => {
      stderrTail.push(line);
      if (stderrTail.length > TAIL_LINES) stderrTail.shift();
      options.onStderr?.(line);
    });
    const end = () => {
      killGroup(child, 'SIGTERM');
      setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, options.timeoutMs);
    const release = endWith(child, options.signal, end);
    child.on('error', (cause) => {
      clearTimeout(timer);
      release();
      reject(new Error(`could not start ${command}: ${cause.message}`, { cause }));
    });
    // 'exit', not 'close': a detached grandchild may hold the pipes open for minutes. What the child itself wrote is in
    // the pipes by now, and is read in the next turns of the loop.
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      release();
      setTimeout(() => resolve({ code: code ?? exitCodeOf(signal), stdout, stderrTail, timedOut }), 20);
    });
  });
}

/** Their groups are their own, which nobody else would end when this process does. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});

/** Neither the signal nor our own end leaves the child behind. */
function endWith(child: ChildProcess, signal: AbortSignal | undefined, end: () => void): () => void {
  running.add(child);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  return () => {
    running.delete(child);
    signal?.removeEventListener('abort', end);
  };
}

/** A process in a group of its own, with piped output; the caller ends it with killGroup. */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  return spawn(command, args, { env, detached: true, stdio: [stdin, 'pipe', 'pipe'] });
}

const SECRET_NAMES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'PGPASSWORD'];

/** Each line without the credentials that were given in `env`: a store's error message may quote them. */
export function onLines(stream: Readable | null, env: NodeJS.ProcessEnv, onLine: (line: string) => void): void {
  if (!stream) return;
  const secrets = SECRET_NAMES.map((name) => env[name]).filter((value) => value !== undefined && value !== '');
  createInterface(stream).on('line', (line) => {
    if (line.trim() === '') return;
    onLine(
      secrets
        .reduce<string>((text, secret) => text.replaceAll(secret as string, '[redacted]'), line)
        .slice(0, MAX_LINE),
    );
  });
}

export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + constants.signals[signal];
}
