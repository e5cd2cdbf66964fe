// CA and leaf of the webhook, minted at run time into one Secret, and the CA put into both webhook configurations.
// Room: controller (door).
import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import type { KubeObject } from '../api/kubernetes.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { isEqual } from '../lib/json.ts';
import type { Logger } from '../telemetry/log.ts';

export interface CertificateOptions {
  readonly namespace: string;
  readonly secret: string;
  readonly service: string;
  readonly configuration: string;
}

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 90;
/** Renewed at two thirds of its life. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

type Pem = { readonly cert: string; readonly key: string };

/** Makes sure that a valid leaf is in the Secret and its CA in both configurations; writes only what is not so. */
export async function ensureCertificates(
  kube: Kube,
  options: CertificateOptions,
  log: Logger,
  now: Date,
): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', metadata: { name: options.secret, namespace: options.namespace } };
  let secret = await kube.get<Secret>(ref);
  if (!secret || needsRenewal(secret, now)) {
    secret = await mint(kube, options, secret, now);
    log.info({ secret: options.secret }, 'serving certificate minted');
  }
  const ca = secret.data?.['ca.crt'] ?? '';
  await publishCa(kube, options.configuration, ca, log);
}

function needsRenewal({ data }: Secret, now: Date): boolean {
  const leaf = decode(data?.['tls.crt']);
  if (!leaf || !data?.['tls.key'] || !data['ca.crt'] || !data['ca.key']) return true;
  return endOf(leaf) - now.getTime() < RENEW_BEFORE_MS;
}

/** A damaged certificate ended long ago: it is replaced, where an error would stop the controller at every look. */
function endOf(pem: string): number {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return 0;
  }
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}

async function mint(kube: Kube, options: CertificateOptions, old: Secret | undefined, now: Date): Promise<Secret> {
  const ca = reusableCa(old, now) ?? (await mintCa(now));
  const leaf = await mintLeaf(ca, options, now);
  const entries = { 'ca.crt': ca.cert, 'ca.key': ca.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
  const data = Object.fromEntries(
    Object.entries(entries).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]),
  );
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: options.secret,
      namespace: options.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'walguard', 'app.kubernetes.io/part-of': 'walguard' },
    },
    type: 'kubernetes.io/tls',
    data,
  };
  await kube.apply(secret);
  return secret;
}

/** A new leaf under the old CA changes nothing for the API server; so the CA is kept while it outlives the leaf. */
function reusableCa(old: Secret | undefined, now: Date): Pem | undefined {
  const cert = decode(old?.data?.['ca.crt']);
  const key = decode(old?.data?.['ca.key']);
  if (!cert || !key) return undefined;
  const leafEnd = now.getTime() + LEAF_DAYS * DAY_MS;
  return endOf(cert) > leafEnd ? { cert, key } : undefined;
}

async function mintCa(now: Date): Promise<Pem> {
  const made = await generate([{ name: 'commonName', value: 'walguard CA' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - 3600_000),
    notAfterDate: new Date(now.getTime() + CA_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

async function mintLeaf(ca: Pem, { service, namespace }: CertificateOptions, now: Date): Promise<Pem> {
  const names = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
  const made = await generate([{ name: 'commonName', value: `${service}.${namespace}.svc` }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    ca: { key: ca.key, cert: ca.cert },
    notBeforeDate: new Date(now.getTime() - 3600_000),
    notAfterDate: new Date(now.getTime() + LEAF_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
  return { cert: made.cert, key: made.private };
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig?: { caBundle?: string } }[];
}

/** By server-side apply of just this field: Helm and Argo keep the rest, and see no drift in what they own. */
async function publishCa(kube: Kube, name: string, ca: string, log: Logger): Promise<void> {
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const ref = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } };
    const live = await kube.get<WebhookConfiguration>(ref);
    if (!live) throw new KubeError(404, `${kind}/${name} is not there; the chart installs it`);
    const wanted = (live.webhooks ?? []).map((webhook) => ({ name: webhook.name, clientConfig: { caBundle: ca } }));
    const present = (live.webhooks ?? []).map(({ name: id, clientConfig }) => ({
      name: id,
      clientConfig: { caBundle: clientConfig?.caBundle },
    }));
    if (isEqual(wanted, present)) continue;
    await kube.apply({ ...ref, webhooks: wanted });
    log.info({ kind, name }, 'CA published');
  }
}
