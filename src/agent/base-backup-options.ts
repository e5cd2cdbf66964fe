// What the builder tells a base-backup job by its environment. No I/O. Room: agent (door).
import { requireVariable } from '../lib/environment.ts';

export interface BaseBackupOptions {
  readonly method: 'node' | 'sidecar' | 'remote';
  readonly from: 'primary' | 'standby';
  /** Deltas that may follow a full backup. */
  readonly deltaSteps: number;
  readonly isFull: boolean;
  /** Services of all database pods, in the order of their ordinals; none where there is one pod. */
  readonly members: readonly string[];
  /** How long to look for who takes it: as a failover may take. */
  readonly turnSeconds: number;
  /** The database pod. */
  readonly instance: string;
  /** Name of the Job. */
  readonly job: string;
  readonly delaySeconds: number;
  /** For all of it. */
  readonly timeoutSeconds: number;
  readonly pushgateway?: { readonly url: string; readonly metric: string };
}

const TURN_SECONDS = 120;

const METHODS = ['node', 'sidecar', 'remote'] as const;
const SERVERS = ['primary', 'standby'] as const;

export function readOptions(env: NodeJS.ProcessEnv): BaseBackupOptions {
  const { WALGUARD_PUSHGATEWAY_URL: url, WALGUARD_PUSHGATEWAY_METRIC: metric } = env;
  return {
    method: METHODS.find((each) => each === env.WALGUARD_METHOD) ?? 'node',
    from: SERVERS.find((each) => each === env.WALGUARD_FROM) ?? 'primary',
    deltaSteps: Number(env.WALGUARD_DELTA_STEPS) || 0,
    isFull: env.WALGUARD_FULL === 'true',
    members: (env.WALGUARD_MEMBERS ?? '').split(',').filter((service) => service !== ''),
    turnSeconds: Number(env.WALGUARD_TURN_SECONDS || TURN_SECONDS),
    instance: env.WALGUARD_INSTANCE ?? '',
    job: env.WALGUARD_JOB ?? '',
    delaySeconds: Number(env.WALGUARD_DELAY_SECONDS) || 0,
    timeoutSeconds: Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')),
    ...(url && metric ? { pushgateway: { url, metric } } : {}),
  };
}
