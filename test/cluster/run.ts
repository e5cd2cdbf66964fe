// Commands that come to an end, with progress for the slow ones and an error that says where to look.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Context } from './context.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Where the output goes instead of memory. */
  readonly logFile?: string;
}

/** Resolves with standard output, or with nothing when it went to a log file. */
export function run(
  context: Context,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      signal: context.signal,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (options.logFile) {
      mkdirSync(dirname(options.logFile), { recursive: true });
      const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
      log.write(`$ ${[command, ...args].join(' ')}\n`);
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.write(chunk));
    } else {
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        output.stdout += chunk;
      });
    }
    // Kept in any case: an error's last lines must not depend on when the log file was flushed.
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output.stderr = (output.stderr + chunk).slice(-10_000);
    });
    child.stdin.on('error', () => {}).end(options.input ?? '');
    child.on('error', (error) => reject(context.signal.aborted ? context.signal.reason : couldNotRun(command, error)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output.stdout);
      else
        reject(failure(command, args, signal ?? `exit code ${code}`, output.stderr || output.stdout, options.logFile));
    });
  });
}

function couldNotRun(command: string, error: Error): Error {
  return new Error(`could not run ${command}: ${error.message}`, { cause: error });
}

function failure(command: string, args: readonly string[], how: string, output: string, logFile?: string): Error {
  const where = logFile ? `; its whole output is in ${logFile}` : '';
  return new Error(`${[command, ...args.slice(0, 3)].join(' ')} ... ended with ${how}${where}\n${lastLines(output)}`);
}

export function lastLines(text: string, count = 12): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `  | ${line}`)
    .join('\n');
}

export function lastLinesOf(file: string, count = 12): string {
  try {
    return `last lines of ${file}:\n${lastLines(readFileSync(file, 'utf8'), count)}`;
  } catch {
    return `${file} does not exist`;
  }
}

/** Says what is going on once it has taken two seconds, then every ten; plain lines, so a CI log stays readable. */
export async function withProgress<Result>(
  context: Context,
  title: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const begin = Date.now();
  const elapsed = () => `${Math.round((Date.now() - begin) / 1000)} s`;
  let announced = false;
  const first = setTimeout(() => {
    announced = true;
    context.log(`${title} ...`);
  }, 2_000);
  const every = setInterval(() => context.log(`${title}: ${elapsed()}`), 10_000);
  try {
    const result = await work();
    if (announced) context.log(`${title}: done in ${elapsed()}`);
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(every);
  }
}
