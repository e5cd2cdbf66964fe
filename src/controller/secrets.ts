// The storage Secret: minted for the chart's own object store, copied to where databases need it. Room: controller (door).
import { randomBytes } from 'node:crypto';
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { KubeObject, OwnerReference, StatefulSet } from '../api/kubernetes.ts';
import { COPY_TO_ANNOTATION, EVIDENCE_SECRET, LABEL } from '../api/names.ts';
import { buildEvidenceSecret } from '../companion/evidence.ts';
import { readInjectedStorage } from '../inject/storage-env.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { isEqual } from '../lib/json.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Logger } from '../telemetry/log.ts';
import { makeEvidenceKey } from '../tools/evidence.ts';

export interface Secret extends KubeObject {
  data?: Record<string, string>;
}

export function refTo(name: string, namespace: string) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } };
}

/** What only the controller makes up; of the key of evidence, or of a store. */
export function mintSecret(secret: KubeObject): KubeObject {
  const { name, namespace = '' } = secret.metadata;
  return name === EVIDENCE_SECRET ? buildEvidenceSecret(namespace, makeEvidenceKey()) : withMintedCredentials(secret);
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

/**
 * A Secret of that name that is not ours is the user's own choice and stays.
 *
 * @param namespace another than the source's
 * @param owners with the last of which the copy goes; none: it stays, because a database there needs it
 */
export async function copySecret(
  kube: Kube,
  source: Secret,
  namespace: string,
  log: Logger,
  owners: readonly OwnerReference[] = [],
): Promise<void> {
  const { data, metadata } = source;
  const name = metadata.name ?? '';
  const live = await kube.get<Secret>(refTo(name, namespace));
  const isOurs = live?.metadata.labels?.[LABEL.managedBy] === 'walguard';
  if (live && (!isOurs || (isEqual(live.data, data) && isOwnedBy(live, owners)))) return;
  const labels = { [LABEL.managedBy]: 'walguard' };
  // An empty list takes owners away, too.
  const ownerReferences = [...owners];
  await kube.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels, ownerReferences }, data });
  log.info({ secret: name, namespace }, 'storage credentials copied');
}

function isOwnedBy({ metadata: { ownerReferences = [] } }: KubeObject, owners: readonly OwnerReference[]): boolean {
  const uids = (references: readonly OwnerReference[]) => references.map(({ uid }) => uid).sort();
  return isEqual(uids(ownerReferences), uids(owners));
}

/**
 * Whoever makes a StatefulSet in a namespace says by its policy which Secrets it needs, and it may be another tenant's
 * policy: which namespaces may have a Secret is said by its owner, at the source.
 *
 * | walguard.dev/copy-to of the source | may go to        |
 * | absent, empty                      | no namespace     |
 * | names with commas between          | those namespaces |
 * | a star among them                  | every namespace  |
 */
export function mayGoTo({ metadata }: KubeObject, namespace: string): boolean {
  return allows(metadata.annotations?.[COPY_TO_ANNOTATION], namespace);
}

/** @param annotation names of namespaces with commas between, or a star */
export function allows(annotation: string | undefined, namespace: string): boolean {
  const allowed = (annotation ?? '').split(',').map((each) => each.trim());
  return allowed.includes(namespace) || allowed.includes('*');
}

/** Those that the policies of these databases name, and those that they are injected with still. */
export function listSecretNames(workloads: readonly StatefulSet[], policies: readonly BackupPolicy[]): string[] {
  const named = policies.filter(({ metadata }) => workloads.some((each) => policyOf(each) === metadata.name));
  const wanted = named.flatMap(({ spec: { storage, encryption } }) => [
    storage.s3?.credentialsSecret,
    storage.s3?.caSecret,
    encryption?.keySecret,
  ]);
  const mounted = workloads.flatMap((each) => {
    const storage = readInjectedStorage(each);
    return [storage?.credentialsSecret, storage?.caSecret, storage?.encryptionKeySecret];
  });
  return [...new Set([...wanted, ...mounted])].filter((name) => name !== undefined);
}
