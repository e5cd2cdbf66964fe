// Processes by pid and start time: a pid alone may belong to somebody else by the time we look again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat; with `bootId` it names one process for ever. */
  readonly startTime: string | undefined;
}

export function startTimeOf(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The command name, in parentheses, may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${fields[19]}@${bootId()}`;
}

export function isAlive(process: ProcessId): boolean {
  return process.startTime !== undefined && startTimeOf(process.pid) === process.startTime;
}

/** Starts a process that outlives this one, with its output in `logFile`. */
export async function startDaemon(
  command: string,
  args: readonly string[],
  options: { logFile: string; cwd: string; env?: NodeJS.ProcessEnv },
): Promise<ProcessId> {
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      detached: true,
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', log, log],
    });
    await started(child, command);
    child.unref();
    const pid = child.pid as number;
    return { pid, startTime: startTimeOf(pid) };
  } finally {
    closeSync(log);
  }
}

async function started(child: ChildProcess, command: string): Promise<void> {
  await once(child, 'spawn').catch((error: unknown) => {
    throw new Error(`could not start ${command}: ${(error as Error).message}`, { cause: error });
  });
}

/** SIGKILL, because what these processes hold is thrown away; waits until they are gone. */
export async function killAll(processes: readonly ProcessId[], timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (const process of processes) kill(process);
  for (const { pid, startTime } of processes) {
    while (isAlive({ pid, startTime })) {
      if (Date.now() > deadline) throw new Error(`process ${pid} is still there ${timeoutMs / 1000} s after SIGKILL`);
      await sleep(20);
    }
  }
}

function kill(target: ProcessId): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes whose command line has `argument` as one whole word. */
export function findByArgument(argument: string): ProcessId[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readProc(pid, 'cmdline')?.split('\0').includes(argument))
    .map((pid) => ({ pid, startTime: startTimeOf(pid) }));
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // it ended
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
}
