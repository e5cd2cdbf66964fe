// The authorities in both webhook configurations, which is what the API server trusts. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import { holdsAll, joinBundles } from './certificate-bundle.ts';
import { keepsOlder } from './certificate-decision.ts';

export interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig?: { caBundle?: string } }[];
}

export const CONFIGURATION_KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;

export function configurationRef(kind: string, name: string) {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } };
}

export interface Publication {
  /** The Secret's, PEM. */
  readonly authorities: string;
  /** When the leaf begins. */
  readonly leafSince: Date;
  readonly overlapMs: number;
  /** What both configurations hold now. */
  readonly published: readonly string[];
}

/**
 * By server-side apply of just this field, so that Helm and Argo keep the rest and see no drift in what they own; and only
 * if nobody wrote since `live` was read. It must be read before the Secret is: then an authority that another controller
 * has published for a newer Secret cannot be taken away by what is known of an older one.
 * @throws KubeError 409 when somebody wrote: look again
 */
export async function publish(
  kube: Kube,
  live: WebhookConfiguration,
  publication: Publication,
  log: Logger,
  now: Date,
): Promise<void> {
  const webhooks = live.webhooks ?? [];
  const caBundle = decideBundle(live, publication, now);
  if (webhooks.every(({ clientConfig }) => clientConfig?.caBundle === caBundle)) return;
  const { apiVersion, kind, metadata } = live;
  const { name = '', resourceVersion } = metadata;
  await kube.apply({
    apiVersion,
    kind,
    metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    webhooks: webhooks.map((each) => ({ name: each.name, clientConfig: { caBundle } })),
  });
  log.info({ kind, name }, 'CA published');
}

/** Base64, as the field holds it. */
function decideBundle(live: WebhookConfiguration, publication: Publication, now: Date): string {
  const { authorities, leafSince, overlapMs, published } = publication;
  const own = readBundles(live);
  const isPublished = own.every((bundle) => holdsAll(bundle, authorities));
  const since = Math.max(leafSince.getTime(), publishedAt(live));
  // One that lost its bundle has it back from the other one; one that is published gets no more of older ones.
  const older = isPublished ? own : published;
  const kept = keepsOlder(isPublished, now.getTime() - since, overlapMs) ? older : [];
  return Buffer.from(joinBundles(authorities, kept, now)).toString('base64');
}

/** The bundle of each of its webhooks, as text. */
export function readBundles({ webhooks = [] }: WebhookConfiguration): string[] {
  return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString('utf8'));
}

/** Unix milliseconds of our last write, as the API server noted it, which outlives this process; 0 where it did not. */
function publishedAt({ metadata }: WebhookConfiguration): number {
  const entries = (metadata.managedFields ?? []) as { manager?: string; operation?: string; time?: string }[];
  const ours = entries.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply');
  return Date.parse(ours?.time ?? '') || 0;
}
