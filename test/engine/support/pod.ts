// A pod without Kubernetes: processes that see the Postgres image's files, with the product's fixed paths (/walguard,
// /walguard-storage, the engines' programs, the termination log) bound to directories of the test. By a mount namespace for
// each process and nothing else: network, pids and /tmp are the machine's.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  DRILL_CHECKS_DIR,
  DRILL_DIR,
  DUMP_DIR,
  DUMP_VOLUME_DIR,
  RUN_DIR,
  SHARED_DIR,
  STORAGE_DIR,
} from '../../../src/api/names.ts';
import { CLIENT, resolveEngine } from '../../../src/tools/engine.ts';
import { repositoryDir } from '../../cluster/checkout.ts';
import { isAlive, until } from '../../support/processes.ts';
import type { EngineUnderTest } from './engines.ts';
import { type Major, provideRoot } from './programs.ts';

/** The uid and gid of Postgres in the image, and of every agent. */
export const POSTGRES_ID = 999;

export interface PodOptions {
  readonly engine: EngineUnderTest;
  /** Of the image; 15 if not given. */
  readonly major?: Major;
}

export interface SpawnOptions {
  /** Exactly this is the process's environment; PATH is added. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** uid and gid; Postgres's if not given. */
  readonly id?: number;
  /** Processes of its own, as a container has them: they end with its first one. */
  readonly isContainer?: boolean;
}

export interface Pod {
  readonly major: Major;
  readonly engine: EngineUnderTest;
  /** Directory of the test's own; it has the same path inside and outside. The volume of data directories is in it. */
  readonly directory: string;
  /** What is mounted at /walguard, /walguard-run and /walguard-storage, and the file at /dev/termination-log. */
  readonly shared: string;
  readonly runtime: string;
  readonly storage: string;
  readonly terminationLog: string;
  /** Where the image has Postgres's programs. */
  readonly bin: string;
  /** The program inside, in a process group of its own that ends with the test. stdout and stderr are pipes. */
  readonly spawn: (command: string, args: readonly string[], options?: SpawnOptions) => ChildProcess;
  /** The same to its end, when its pipes are closed. */
  readonly run: (command: string, args: readonly string[], options?: SpawnOptions) => Promise<Ended>;
  /** A new empty directory that belongs to Postgres, with its mode. */
  readonly makeDirectory: (name: string, mode?: number) => Promise<string>;
}

export interface Ended {
  /** Exit code; 128 + signal where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of `$1` the empty root, of `$2` the overlay's layers, of `$3` uid and gid, of `$4` the working directory; then pairs up to `--`. */
const ENTER = `
root=$1 layers=$2 id=$3 cwd=$4; shift 4
mount -t overlay -o lowerdir="$layers" overlay "$root"
while [ "$1" != -- ]; do mount --rbind "$1" "$root$2"; shift 2; done
shift
exec chroot --userspec="$id:$id" --groups= "$root" env -C "$cwd" "$@"
`;

export async function startPod(context: TestContext, { engine, major = 15 }: PodOptions): Promise<Pod> {
  const image = await provideRoot(major);
  const children = new Set<ChildProcess>();
  const directory = await makeTestDirectory(context, () => Promise.all([...children].map(killTree)));
  const inPod = (name: string) => join(directory, name);
  const makeDirectory = async (name: string, mode = 0o700) => {
    await mkdir(inPod(name), { recursive: true });
    await chmod(inPod(name), mode);
    await chown(inPod(name), POSTGRES_ID, POSTGRES_ID);
    return inPod(name);
  };
  const shared = await makeDirectory('shared', 0o777);
  const runtime = await makeDirectory('runtime');
  const storage = await makeDirectory('storage', 0o755);
  const terminationLog = inPod('termination-log');
  await writeFile(terminationLog, '');
  await chmod(terminationLog, 0o666);
  // Of a dump's and a drill's pod: what its two containers share, and the claim.
  const drill = await makeDirectory('drill');
  const checks = await makeDirectory('checks');
  const dump = await makeDirectory('dump');
  const dumps = await makeDirectory('dumps');
  const binds = listBinds({ shared, runtime, storage, terminationLog, dump, dumps, drill, checks });
  const layer = inPod('layer');
  await makeLayer(layer, engine, binds);
  const root = inPod('root');
  await mkdir(root);

  const spawnInside: Pod['spawn'] = (
    command,
    args,
    { env = {}, cwd = directory, id = POSTGRES_ID, isContainer } = {},
  ) => {
    const pairs = binds.flatMap(({ from, at }) => [from, at]);
    const enter = ['sh', '-ec', ENTER, 'sh', root, `${layer}:${image}`, String(id), cwd, ...pairs, '--'];
    // -i: what the test's own process has in its environment must not reach the engines.
    const inside = ['env', '-i', ...Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`)];
    const child = spawn(
      'unshare',
      [
        ...NAMESPACES,
        ...(isContainer ? ['--pid', '--fork', '--kill-child'] : []),
        '--',
        ...enter,
        ...inside,
        command,
        ...args,
      ],
      { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  return {
    major,
    engine,
    directory,
    shared,
    runtime,
    storage,
    terminationLog,
    bin: `/usr/lib/postgresql/${major}/bin`,
    spawn: spawnInside,
    run: (command, args, options) => collect(spawnInside(command, args, options)),
    makeDirectory,
  };
}

/** Removed at the end of the test, after `end` has ended who writes there: hooks run in the order of their making. */
export async function makeTestDirectory(context: TestContext, end: () => Promise<unknown>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'walguard-engine-'));
  await chmod(directory, 0o755);
  context.after(async () => {
    await end();
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface Bind {
  readonly from: string;
  readonly at: string;
  readonly isFile?: boolean;
}

function listBinds(
  own: Record<'shared' | 'runtime' | 'storage' | 'terminationLog' | 'dump' | 'dumps' | 'drill' | 'checks', string>,
): Bind[] {
  const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`);
  const same = (path: string): Bind => ({ from: path, at: path, isFile: !statSync(path).isDirectory() });
  const binds = [...devices, '/proc', '/dev/shm'].map(same);
  binds.push({ from: own.terminationLog, at: '/dev/termination-log', isFile: true });
  binds.push({ from: own.shared, at: SHARED_DIR }, { from: own.storage, at: STORAGE_DIR });
  binds.push({ from: own.runtime, at: RUN_DIR });
  binds.push({ from: own.dump, at: DUMP_DIR }, { from: own.dumps, at: DUMP_VOLUME_DIR });
  binds.push({ from: own.drill, at: DRILL_DIR }, { from: own.checks, at: DRILL_CHECKS_DIR });
  // The agent as it stands in the checkout, on the Node that runs the test.
  const outside = [tmpdir(), repositoryDir, realpathSync(join(repositoryDir, 'node_modules')), process.execPath];
  for (const path of outside) if (!binds.some(({ at }) => path.startsWith(`${at}/`))) binds.push(same(path));
  return binds;
}

const NAMESPACES = ['--mount', '--propagation', 'private'];

const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** What lies over the image's files: what walguard's image has, and places to mount at. */
async function makeLayer(layer: string, engine: EngineUnderTest, binds: readonly Bind[]): Promise<void> {
  await mkdir(layer);
  for (const { at, isFile } of binds) {
    await mkdir(join(layer, isFile ? dirname(at) : at), { recursive: true });
    if (isFile) await writeFile(join(layer, at), '');
  }
  const files = [
    // walrus makes no connection without authorities, not even one by http; walguard's image has them.
    [process.env.SSL_CERT_FILE || AUTHORITIES, AUTHORITIES, 0o644],
    [engine.binary, resolveEngine(engine.id).binary, 0o755],
    [engine.client, CLIENT, 0o755],
  ] as const;
  for (const [from, at, mode] of files) {
    await mkdir(join(layer, dirname(at)), { recursive: true });
    await copyFile(from, join(layer, at));
    await chmod(join(layer, at), mode);
  }
}

/** Of one whose pipes nobody reads. */
export function collect(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const caught = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        caught[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: exitCodeOf(code, signal), ...caught }));
  });
}

/** Postgres's backends are in groups of their own. They would end by themselves, but a start before that is refused. */
export async function killTree(child: ChildProcess): Promise<void> {
  const pids = listTree(child.pid);
  for (const pid of pids) kill(pid);
  await until('killed processes have ended', () => !pids.some(isAlive));
}

function listTree(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return [pid, ...children.flatMap((each) => listTree(Number(each)))];
  } catch {
    return []; // it has ended
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
