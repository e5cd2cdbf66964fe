// `walguard webhook --standalone` as a child process, as a person starts it: no cluster, no kubeconfig, no home.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

const root = dirname(dirname(import.meta.dirname));

export interface Standalone {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resident. */
  readonly readMemoryKiB: () => number;
  /** The most that was ever resident. */
  readonly readPeakKiB: () => number;
  /** Processor time so far, user and system, in milliseconds. */
  readonly readCpuMs: () => number;
  /** SIGTERM, and the exit code. */
  readonly stop: () => Promise<number | null>;
}

export interface StandaloneChanges {
  readonly policies?: string;
  readonly port?: number;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Ready to be asked. Ended with the test. */
export async function startStandalone(
  context: Pick<TestContext, 'after'>,
  tlsDir: string,
  { policies = join(root, 'policies'), port = 0, nodeArgs = [], env = {} }: StandaloneChanges = {},
): Promise<Standalone> {
  const flags = ['--standalone', '--policies', policies, '--port', String(port), '--tls-dir', tlsDir];
  const child = spawn(process.execPath, [...nodeArgs, join(root, 'src', 'main.ts'), 'webhook', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
  });
  context.after(() => void child.kill('SIGKILL'));
  const stdout = keep(child.stdout);
  const listening = Promise.withResolvers<void>();
  const stderr = keep(child.stderr, (text) => LISTENS.test(text) && listening.resolve());
  const exited = once(child, 'exit');
  await Promise.race([
    listening.promise,
    exited.then(([code]) => assert.fail(`it ended with code ${code}: ${stderr()}`)),
  ]);
  return {
    port: Number(LISTENS.exec(stderr())?.[1]),
    ca: readFileSync(join(tlsDir, 'ca.crt'), 'utf8'),
    child,
    stdout,
    stderr,
    readMemoryKiB: () => readStatus(child, 'VmRSS'),
    readPeakKiB: () => readStatus(child, 'VmHWM'),
    readCpuMs: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // utime and stime, in ticks of a hundredth of a second.
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

function readStatus({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

const LISTENS = /listens on https:\/\/localhost:(\d+);/;

function keep(stream: ChildProcess['stdout'], onText: (all: string) => void = () => undefined): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    onText(text);
  });
  return () => text;
}
