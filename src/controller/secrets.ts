// The storage Secret: minted for the chart's own object store, copied to where databases need it. Room: controller (door).
import { randomBytes } from 'node:crypto';
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { isEqual } from '../lib/json.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Logger } from '../telemetry/log.ts';
import { namespaceOf, type World } from './world.ts';

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

function refTo(name: string, namespace: string) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } };
}

/** The Secret with credentials that nobody has seen. */
export function withMintedCredentials(secret: KubeObject): KubeObject {
  const stringData = {
    AWS_ACCESS_KEY_ID: `walguard-${randomBytes(6).toString('hex')}`,
    AWS_SECRET_ACCESS_KEY: randomBytes(24).toString('base64url'),
  };
  return { ...secret, stringData } as KubeObject;
}

/** Only created, never changed: the object store takes its credentials from it once. */
export async function mintStorageSecret(kube: Kube, name: string, namespace: string, log: Logger): Promise<void> {
  if (await kube.get(refTo(name, namespace))) return;
  const labels = { [LABEL.managedBy]: 'walguard' };
  const secret = withMintedCredentials({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels } });
  await kube.create(secret).catch((error: unknown) => {
    if (!(error instanceof KubeError && error.status === 409)) throw error;
  });
  log.info({ secret: name }, 'storage credentials minted');
}

/** To each namespace with a protected database. A Secret of that name that is not ours is the user's own choice and stays. */
export async function copyStorageSecret(
  kube: Kube,
  name: string,
  from: string,
  world: Pick<World, 'statefulSets'>,
  log: Logger,
): Promise<void> {
  const source = await kube.get<Secret>(refTo(name, from));
  if (!source?.data) return;
  const named = world.statefulSets.filter(policyOf);
  for (const namespace of new Set(named.map(namespaceOf))) {
    if (namespace === from) continue;
    const live = await kube.get<Secret>(refTo(name, namespace));
    const isOurs = live?.metadata.labels?.[LABEL.managedBy] === 'walguard';
    if (live && (!isOurs || isEqual(live.data, source.data))) continue;
    const labels = { [LABEL.managedBy]: 'walguard' };
    await kube.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, data: source.data });
    log.info({ secret: name, namespace }, 'storage credentials copied');
  }
}

/** Of all Secrets that the policies of these databases name. */
export function listSecretNames(workloads: readonly StatefulSet[], policies: readonly BackupPolicy[]): string[] {
  const named = policies.filter(({ metadata }) => workloads.some((each) => policyOf(each) === metadata.name));
  return named.flatMap(({ spec }) => {
    const { storage, encryption } = spec;
    const names = [storage.s3?.credentialsSecret, storage.s3?.caSecret, encryption?.keySecret];
    return names.filter((name) => name !== undefined);
  });
}
