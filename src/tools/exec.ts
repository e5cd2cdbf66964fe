// The only place that starts processes. Every call has a deadline, and the whole process group dies with it: an engine's
// children outlive a signal to their parent (measured: a backup-push on a dead store). Room: tools.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

export type { ChildProcess } from 'node:child_process';

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Called with each chunk of stderr, for progress. */
  readonly onStderr?: (text: string) => void;
}

export interface RunResult {
  /** Exit code; 128 + signal where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  /** The last 4 KiB. */
  readonly stderrTail: string;
  readonly timedOut: boolean;
}

const TAIL = 4096;
const KILL_AFTER_MS = 5000;

export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options.env);
    let stdout = '';
    let stderrTail = '';
    let timedOut = false;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderrTail = (stderrTail + text).slice(-TAIL);
      options.onStderr?.(text);
    });
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child, 'SIGTERM');
      setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref();
    }, options.timeoutMs);
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new Error(`could not start ${command}: ${cause.message}`, { cause }));
    });
    // 'exit', not 'close': a detached grandchild may hold the pipes open for minutes.
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      setImmediate(() => resolve({ code: code ?? exitCodeOf(signal), stdout, stderrTail, timedOut }));
    });
  });
}

/** A process in a group of its own, with piped output; the caller ends it with killGroup. */
export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
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
