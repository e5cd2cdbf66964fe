// Two replicas of the webhook behind a balancer, rolled and replaced as Deployment and ReplicaSet do it.
import { join } from 'node:path';
import type { Kube } from '../../../src/kube/client.ts';
import { findFreePort } from '../../apiserver/webhook-process.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Balancer } from '../../support/balancer.ts';
import { waitFor } from '../../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../../support/install.ts';
import { mountSecret } from '../../support/mounted-secret.ts';
import { type Replica, startReplica } from '../../support/replica.ts';
import type { Release } from './release.ts';

export interface Deployment {
  readonly replicas: () => readonly Replica[];
  /** The newest lines of each replica's log, those of the gone ones too. */
  readonly tellLogs: () => string[];
  /** One more of this image; resolves when it is ready. */
  readonly add: (image: string) => Promise<Replica>;
  /** Gone from the Service first, then from the machine. */
  readonly remove: (replica: Replica) => Promise<void>;
  readonly kill: (replica: Replica) => Promise<void>;
  /** Each replica gets a successor of that image, and goes once that is ready. */
  readonly roll: (image: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface DeploymentOptions {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly release: Release;
  readonly balancer: Balancer;
  /** For the files of the mounts. */
  readonly directory: string;
}

/** The files of one pod follow the Secret this much later, those of the next one this much later again. */
const MOUNT_LAG_MS = 2000;
/** Until no node sends anything to a pod that goes: one is faster than the pod's own pause before the signal, one slower. */
const ENDPOINT_LAG_MS = [500, 7000] as const;
const TOLD_LINES = 12;

export function createDeployment(options: DeploymentOptions): Deployment {
  const { cluster, kube, release, balancer, directory } = options;
  const all: Replica[] = [];
  const running = new Set<Replica>();
  const stopMounts = new AbortController();
  let count = 0;

  const publish = () => balancer.setBackends([...running].filter((each) => each.isServing()).map(({ port }) => port));

  async function add(image: string): Promise<Replica> {
    const name = `webhook-${++count}`;
    const tls = join(directory, name);
    const lagMs = MOUNT_LAG_MS * (1 + (count % 3));
    const { secret, mountedKeys } = release;
    const mount = { namespace: SYSTEM_NAMESPACE, name: secret, keys: mountedKeys, directory: tls, lagMs };
    await mountSecret(kube, mount, stopMounts.signal);
    const port = await findFreePort();
    const own = {
      WALGUARD_PORT: String(port),
      WALGUARD_TLS_DIR: tls,
      WALGUARD_IMAGE: image,
      KUBECONFIG: cluster.kubeconfig,
    };
    const replica = startReplica({ name, port, env: release.buildEnv(own, name), onChange: publish });
    all.push(replica);
    running.add(replica);
    await waitFor(`${name} to be ready`, async () => replica.isServing(), { timeoutMs: 60_000, everyMs: 50 });
    return replica;
  }

  async function remove(replica: Replica): Promise<void> {
    const endpointLagMs = ENDPOINT_LAG_MS[all.indexOf(replica) % 2] ?? 0;
    await replica.terminate({ endpointLagMs, ...release });
    running.delete(replica);
  }

  return {
    replicas: () => [...running],
    tellLogs: () => all.flatMap(({ name, log }) => log.slice(-TOLD_LINES).map((line) => `${name}: ${line}`)),
    add,
    remove,
    kill: async (replica) => {
      await replica.kill();
      running.delete(replica);
    },
    roll: async (image) => {
      const leaving: Promise<void>[] = [];
      for (const old of [...running]) {
        await add(image);
        const gone = remove(old);
        // Looked at below; until then it is no unhandled one.
        gone.catch(() => undefined);
        leaving.push(gone);
      }
      await Promise.all(leaving);
    },
    stop: async () => {
      stopMounts.abort();
      await Promise.all([...running].map((replica) => replica.kill()));
    },
  };
}
