// kubectl and helm against one cluster, for the demo and the tests on a real API server.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ClusterAccess {
  readonly kubectl: string;
  readonly helm: string;
  readonly kubeconfig: string;
  /** kube-context; undefined for the kubeconfig's current one. */
  readonly context?: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and gives its answer, whatever the exit code. */
export function tryCommand(
  command: string,
  args: readonly string[],
  input = '',
  env = process.env,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.on('error', () => undefined).end(input);
  });
}

function must({ code, stdout, stderr }: CommandResult, what: string): string {
  if (code !== 0) throw new Error(`${what} ended with code ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

export function tryKubectl(access: ClusterAccess, args: readonly string[], input?: string): Promise<CommandResult> {
  const context = access.context === undefined ? [] : ['--context', access.context];
  return tryCommand(access.kubectl, ['--kubeconfig', access.kubeconfig, ...context, ...args], input);
}

export async function kubectl(access: ClusterAccess, args: readonly string[], input?: string): Promise<string> {
  return must(await tryKubectl(access, args, input), `kubectl ${args.slice(0, 5).join(' ')}`);
}

export async function helm(access: ClusterAccess, args: readonly string[]): Promise<string> {
  const context = access.context === undefined ? [] : ['--kube-context', access.context];
  const result = await tryCommand(access.helm, ['--kubeconfig', access.kubeconfig, ...context, ...args]);
  return must(result, `helm ${args.slice(0, 3).join(' ')}`);
}

// biome-ignore lint/suspicious/noExplicitAny: live objects of any kind, looked into by tests
export type Live = any;

/** Undefined when there is no such object. */
export async function getObject(
  access: ClusterAccess,
  namespace: string,
  kind: string,
  name: string,
): Promise<Live | undefined> {
  const text = await kubectl(access, ['-n', namespace, 'get', kind, name, '-o', 'json', '--ignore-not-found']);
  return text.trim() === '' ? undefined : JSON.parse(text);
}

export async function listObjects(
  access: ClusterAccess,
  namespace: string,
  kind: string,
  selector: string,
): Promise<Live[]> {
  const text = await kubectl(access, ['-n', namespace, 'get', kind, '-l', selector, '-o', 'json']);
  return JSON.parse(text).items;
}

/** The rows of one statement, unaligned, as psql prints them in the database's own container. */
export async function psql(access: ClusterAccess, namespace: string, pod: string, sql: string): Promise<string> {
  const args = [
    '-n',
    namespace,
    'exec',
    pod,
    '-c',
    'postgres',
    '-i',
    '--',
    'psql',
    '-U',
    'postgres',
    '-v',
    'ON_ERROR_STOP=1',
    '-qAt',
  ];
  return (await kubectl(access, args, sql)).trim();
}

/** Asks until there is an answer; errors count as none, and the last one is told when time is up. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeoutMs = 180_000, everyMs = 500 } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last = '';
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = `; last error: ${(error as Error).message}`;
    }
    await sleep(everyMs);
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}${last}`);
}
