// The webhook's TLS Secret: filled, renewed and repaired, and never written over somebody else's newer one.
// Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL, RENEW_ANNOTATION } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import { type KeyPair, mintAuthority, mintServing } from '../tools/mint-certificate.ts';
import { decideRenewal } from './certificate-decision.ts';
import { judgeAuthority, judgeServing } from './certificate-judge.ts';

export interface TlsSecret extends KubeObject {
  data?: Record<string, string>;
}

export interface TlsSecretOptions {
  readonly namespace: string;
  /** Name of the Secret. */
  readonly secret: string;
  /** Name of the webhook's Service. */
  readonly service: string;
}

/** One key of it, as text; empty when it is not there. */
export function readEntry(secret: TlsSecret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
}

export function secretRef({ secret, namespace }: TlsSecretOptions) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, namespace } };
}

/**
 * The Secret with a good CA and a good leaf in it. The CA and its leaf are written at once.
 * @throws KubeError 409 when somebody wrote it since it was read: what they wrote counts, so look again.
 */
export async function ensureSecret(
  kube: Kube,
  options: TlsSecretOptions,
  live: TlsSecret | undefined,
  log: Logger,
  now: Date,
): Promise<TlsSecret> {
  const { service, namespace } = options;
  const names = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
  const held = live ?? secretRef(options);
  const old = readPair(held, 'ca');
  const authority = judgeAuthority(old, now);
  const serving = judgeServing(readPair(held, 'tls'), old, names, now);
  const asked = readRequest(held, log);
  const renewal = decideRenewal(authority.condition, serving.condition, asked);
  if (live && renewal === 'nothing') return live;
  const ca = renewal === 'ca' ? await mintAuthority(now) : old;
  const leaf = await mintServing(ca, names, now);
  const filled = fill(held, ca, leaf);
  const stored = await (live ? kube.replace(filled) : kube.create(filled));
  const why = authority.why || serving.why || `the annotation ${RENEW_ANNOTATION} asked for it`;
  log.info({ secret: options.secret, renewed: renewal, why: live ? why : 'it was not there' }, 'certificate minted');
  return stored;
}

function readPair(secret: TlsSecret, name: 'ca' | 'tls'): KeyPair {
  return { cert: readEntry(secret, `${name}.crt`), key: readEntry(secret, `${name}.key`) };
}

function readRequest({ metadata }: TlsSecret, log: Logger): 'leaf' | 'ca' | undefined {
  const asked = metadata.annotations?.[RENEW_ANNOTATION];
  if (asked === undefined || asked === 'leaf' || asked === 'ca') return asked;
  log.warn({ secret: metadata.name, seen: asked }, `the annotation ${RENEW_ANNOTATION} is neither "leaf" nor "ca"`);
  return undefined;
}

/** Its other keys, labels and annotations stay; the request is fulfilled with this write, so it goes with it. */
function fill(secret: TlsSecret, ca: KeyPair, leaf: KeyPair): TlsSecret {
  const { [RENEW_ANNOTATION]: _fulfilled, ...annotations } = secret.metadata.annotations ?? {};
  const labels = { [LABEL.managedBy]: 'walguard', 'app.kubernetes.io/part-of': 'walguard', ...secret.metadata.labels };
  const entries = { 'ca.crt': ca.cert, 'ca.key': ca.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
  const encoded = Object.entries(entries).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]);
  return {
    ...secret,
    metadata: { ...secret.metadata, labels, annotations },
    // A Secret's type cannot be changed.
    type: secret.type ?? 'kubernetes.io/tls',
    data: { ...secret.data, ...Object.fromEntries(encoded) },
  };
}
