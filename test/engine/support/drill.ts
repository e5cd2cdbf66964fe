// A drill's pod of the tier: the shipped client script run by the image's own sh, with processes of its own as a container has
// them, and `walguard agent drill` beside it.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EvidenceCheck, EvidenceRecord } from '../../../src/api/evidence.ts';
import { DRILL_DIR } from '../../../src/api/names.ts';
import { CLIENT_SCRIPT, PIPES } from '../../../src/companion/client-script.ts';
import type { UserCheck } from '../../../src/lib/drill/user-checks.ts';
import { repositoryDir } from '../../cluster/checkout.ts';
import { type AgentOptions, agentEnv, type Job, mountCredentials, prefixOf } from './agent.ts';
import { collect, killTree, POSTGRES_ID, type Pod, startPod } from './pod.ts';
import type { Postgres } from './postgres.ts';
import type { Store } from './store.ts';

export interface DrillOptions {
  readonly target?: 'latest' | 'random' | 'lag';
  readonly lagSeconds?: number;
  readonly source?: 'baseBackup' | 'dump';
  readonly amcheck?: boolean;
  readonly checks?: readonly UserCheck[];
  readonly checksFrom?: string;
  readonly serverOptions?: readonly string[];
  readonly timeoutSeconds?: number;
  readonly agent?: AgentOptions;
  /** Called with the disposable volume before anything runs. */
  readonly prepare?: (pod: Pod, volume: string) => Promise<void>;
  /** Called once the job has begun. */
  readonly during?: (running: Running) => Promise<void>;
}

export interface Running {
  readonly pod: Pod;
  /** The one with the database's image. */
  readonly container: ChildProcess;
  readonly agent: ChildProcess;
  readonly volume: string;
}

export interface Drilled extends Job {
  readonly drill: Readonly<Record<string, unknown>> & { readonly result: string; readonly message: string };
  readonly evidence: EvidenceRecord;
  readonly check: (name: string) => EvidenceCheck | undefined;
  readonly pod: Pod;
  readonly volume: string;
}

export async function runDrillJob(
  context: TestContext,
  store: Store,
  source: Postgres,
  options: DrillOptions = {},
): Promise<Drilled> {
  const pod = await startPod(context, { engine: source.pod.engine, major: source.pod.major });
  const volume = await pod.makeDirectory('volume', 0o777);
  await options.prepare?.(pod, volume);
  const env = {
    ...drillEnv(volume, options),
    WALGUARD_SOURCE_PREFIX: await prefixOf(store, source),
    ...options.agent?.env,
  };
  const place = { pod, pgdata: volume, connection: source.connection };
  const { during } = options;
  const job = await runBesideImage('drill', store, place, { ...options.agent, env }, (container, agent) =>
    during?.({ pod, container, agent, volume }),
  );
  const evidence = findEvidence(job.stdout + job.stderr);
  const check = (name: string) => evidence.checks?.find((each) => each.name === name);
  const drill = job.report.drill as Drilled['drill'];
  return { ...job, drill, evidence, check, pod, volume };
}

/** `walguard agent <companion>` with the container of the image beside it, as the pods of drills and of dumps that are loaded have it. */
export async function runBesideImage(
  companion: string,
  store: Store,
  place: Pick<Postgres, 'pgdata' | 'connection' | 'pod'>,
  options: AgentOptions,
  during: (container: ChildProcess, agent: ChildProcess) => Promise<void> | undefined = () => undefined,
): Promise<Job> {
  const { pod } = place;
  for (const name of PIPES) {
    const path = join(pod.directory, 'drill', name);
    execFileSync('mkfifo', ['-m', '0600', path]);
    chownSync(path, POSTGRES_ID, POSTGRES_ID);
  }
  const path = `${pod.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const container = pod.spawn('sh', ['-c', CLIENT_SCRIPT], { cwd: DRILL_DIR, env: { PATH: path }, isContainer: true });
  const ended = once(container, 'exit');
  await mountCredentials(pod, store.credentials);
  const main = [join(repositoryDir, 'src', 'main.ts'), 'agent', companion];
  const agent = pod.spawn(process.execPath, main, { env: agentEnv(store, place, options) });
  const [said] = await Promise.all([collect(agent), during(container, agent)]);
  const message = await readFile(pod.terminationLog, 'utf8');
  // As the kubelet ends a native sidecar; by then it has mostly ended by itself.
  await killTree(container);
  await ended;
  return { ...said, report: message === '' ? {} : JSON.parse(message) };
}

export function drillEnv(volume: string, options: DrillOptions): NodeJS.ProcessEnv {
  const { target = 'latest', lagSeconds, source = 'baseBackup', amcheck = true, checksFrom } = options;
  const checks = (options.checks ?? []).map((each, index) => [
    `WALGUARD_DRILL_CHECK_${index + 1}`,
    JSON.stringify(each),
  ]);
  return {
    HOME: '/tmp',
    WALGUARD_INSTANCE: 'orders-0',
    WALGUARD_DRILL: JSON.stringify({ name: 'weekly', source, target, lagSeconds, amcheck, checksFrom }),
    WALGUARD_DATA_MOUNT: volume,
    WALGUARD_SERVER_OPTIONS: JSON.stringify(options.serverOptions ?? []),
    WALGUARD_IMAGE: 'postgres:15',
    WALGUARD_POLICY: 'standard',
    WALGUARD_TIMEOUT_SECONDS: String(options.timeoutSeconds ?? 120),
    WALGUARD_SECOND_LOOK_MS: '50',
    ...Object.fromEntries(checks),
  };
}

/** As it was logged: nobody keeps it in this tier. */
function findEvidence(log: string): EvidenceRecord {
  const line = log.split('\n').find((each) => each.includes('"evidence":{'));
  return line === undefined ? ({} as EvidenceRecord) : JSON.parse(line).evidence;
}

/** Processes that work on this volume, of whatever container. */
export function listProcesses(volume: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.includes(volume) || readlinkSync(`/proc/${pid}/cwd`).startsWith(volume) ? [words] : [];
      } catch {
        return []; // it has ended
      }
    });
}
