// One pod of the webhook: the real program as a child process, probed as the kubelet probes it and ended as a pod is.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const main = join(dirname(dirname(import.meta.dirname)), 'src', 'main.ts');

export interface ReplicaOptions {
  readonly name: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Called on each change of what the endpoints of a Service would say. */
  readonly onChange: () => void;
}

export interface Replica {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Whether the endpoints of a Service would hold it. */
  readonly isServing: () => boolean;
  readonly readMemoryKiB: () => number;
  /** What it logged, without the line of each review; the newest lines only. */
  readonly log: readonly string[];
  /** As a pod is deleted: out of the endpoints, the preStop pause, SIGTERM, its end. Rejects where it had to be killed. */
  readonly terminate: (timing: Termination) => Promise<void>;
  /** SIGKILL, and out of the endpoints when it is seen to be gone. */
  readonly kill: () => Promise<void>;
}

export interface Termination {
  /** Until the endpoints' change is with every node. */
  readonly endpointLagMs: number;
  readonly preStopMs: number;
  readonly graceMs: number;
}

const PROBE = { everyMs: 1000, timeoutMs: 3000, failures: 3 } as const;
const LOG_LINES = 60;

export function startReplica({ name, port, env, onChange }: ReplicaOptions): Replica {
  const child = spawn(process.execPath, [main, 'webhook'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const log = keepLog(child);
  const exited = once(child, 'exit');
  let phase: 'starting' | 'ready' | 'leaving' = 'starting';
  function become(next: typeof phase): void {
    if (phase === next || phase === 'leaving') return;
    phase = next;
    onChange();
  }
  const killAtTheEnd = () => void child.kill('SIGKILL');
  process.once('exit', killAtTheEnd);
  child.on('exit', () => {
    process.off('exit', killAtTheEnd);
    become('leaving');
  });
  void probe(port, child, (isReady) => become(isReady ? 'ready' : 'starting'));

  return {
    name,
    port,
    pid,
    log,
    isServing: () => phase === 'ready',
    readMemoryKiB: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    terminate: async (timing) => {
      void sleep(timing.endpointLagMs).then(() => become('leaving'));
      await sleep(timing.preStopMs);
      child.kill('SIGTERM');
      const hammer = setTimeout(() => child.kill('SIGKILL'), timing.graceMs - timing.preStopMs);
      const [code, signal] = await exited;
      clearTimeout(hammer);
      if (code !== 0) throw new Error(`${name} ended with ${signal ?? `code ${code}`}\n${log.join('\n')}`);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function keepLog({ stdout, stderr }: ChildProcess): string[] {
  const log: string[] = [];
  for (const stream of [stdout, stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.includes('"msg":"reviewed"')) return;
      log.push(line);
      if (log.length > LOG_LINES) log.shift();
    });
  }
  return log;
}

/** One success makes it ready, three failures in a row unready, as the kubelet counts by default. */
async function probe(port: number, child: ChildProcess, report: (isReady: boolean) => void): Promise<void> {
  let failures = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const isReady = await askReady(port);
    failures = isReady ? 0 : failures + 1;
    if (isReady) report(true);
    else if (failures >= PROBE.failures) report(false);
    await sleep(PROBE.everyMs, undefined, { ref: false });
  }
}

/** The kubelet does not look at the certificate either. */
function askReady(port: number): Promise<boolean> {
  const options = { host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: PROBE.timeoutMs };
  return new Promise((resolve) => {
    const asked = request({ ...options, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy()).on('error', () => resolve(false));
    asked.end();
  });
}
