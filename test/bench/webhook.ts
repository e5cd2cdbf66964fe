// How long the webhook takes beside a bare https server that is sent the same, in the same run: only the ratio can be compared
// between machines. By hand: npm run bench [-- PROGRAM]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRawClient } from '../support/raw-https.ts';
import { REVIEWS } from './reviews.ts';

const root = dirname(dirname(import.meta.dirname));
const program = process.argv[2] ?? join(root, 'src', 'main.ts');
const ROUNDS = 5;
const WARM_UP = 300;
const REQUESTS = 800;

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly path: string;
}

async function listen(
  args: readonly string[],
  stream: 'stdout' | 'stderr',
  pattern: RegExp,
): Promise<[pid: number, port: number]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', stream === 'stdout' ? 'pipe' : 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  for (;;) {
    const [chunk] = (await once(child[stream] as NodeJS.ReadableStream, 'data')) as [Buffer];
    said += chunk;
    const port = pattern.exec(said)?.[1];
    if (port !== undefined) return [child.pid ?? 0, Number(port)];
  }
}

function readCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function readMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

interface Measured {
  readonly times: number[];
  cpuMs: number;
}

async function measure(subject: Subject, ca: string, body: string, into: Measured): Promise<void> {
  const client = createRawClient(subject.port, ca, 'localhost');
  const head = `POST ${subject.path}?timeout=5s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const request = head + body;
  for (let sent = 0; sent < WARM_UP; sent++) await client.send(request);
  const cpu = readCpuMs(subject.pid);
  for (let sent = 0; sent < REQUESTS; sent++) {
    const startedAt = performance.now();
    const { status } = await client.send(request);
    if (status !== 200) throw new Error(`${subject.name} answers ${status}`);
    into.times.push(performance.now() - startedAt);
  }
  into.cpuMs += readCpuMs(subject.pid) - cpu;
  client.close();
}

const directory = mkdtempSync(join(tmpdir(), 'walguard-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const flags = ['webhook', '--standalone', '--policies', join(root, 'policies'), '--port', '0', '--tls-dir', directory];
const [pid, port] = await listen([program, ...flags], 'stderr', /listens on https:\/\/localhost:(\d+);/);
const files = ['tls.crt', 'tls.key'].map((name) => join(directory, name));
const [echoPid, echoPort] = await listen([join(import.meta.dirname, 'echo.ts'), ...files], 'stdout', /^(\d+)\n/);
const ca = readFileSync(join(directory, 'ca.crt'), 'utf8');
const subjects: Subject[] = [
  { name: 'bare https', port: echoPort, pid: echoPid, path: '/' },
  { name: '/mutate', port, pid, path: '/mutate' },
  { name: '/validate', port, pid, path: '/validate' },
];

process.stdout.write(`resident before the first review: ${readMiB(pid).toFixed(0)} MiB\n`);
for (const [name, body] of Object.entries(REVIEWS)) {
  const results = subjects.map((): Measured => ({ times: [], cpuMs: 0 }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of subjects.entries()) await measure(subject, ca, body, results[index] as Measured);
  }
  process.stdout.write(`\n${name} (${(Buffer.byteLength(body) / 1024).toFixed(1)} KiB), one connection\n`);
  const rows = results.map(({ times, cpuMs }) => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
    return { p50: at(0.5), p99: at(0.99), cpu: cpuMs / times.length };
  });
  for (const [index, { p50, p99, cpu }] of rows.entries()) {
    const ratio = p50 / (rows[0]?.p50 ?? 1);
    process.stdout.write(
      `  ${subjects[index]?.name.padEnd(12)} p50 ${p50.toFixed(3)} ms (${ratio.toFixed(2)} x bare)  p99 ${p99.toFixed(2)} ms  processor ${cpu.toFixed(3)} ms\n`,
    );
  }
  process.stdout.write(`  resident: ${readMiB(pid).toFixed(0)} MiB\n`);
}
process.exit(0);
