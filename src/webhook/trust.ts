// Whether an API server that holds a CA bundle would take a serving certificate: by signatures, not by comparing texts,
// because a bundle holds several CAs while they are rotated. Room: webhook (door).

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { KubeObject } from '../api/kubernetes.ts';

export interface WebhookConfiguration extends KubeObject {
  webhooks?: {
    name: string;
    clientConfig?: { caBundle?: string; url?: string; service?: { name: string; namespace: string } };
  }[];
}

/** Why the API server's calls by this configuration would fail at the certificate; undefined where they would not. */
export function explainDistrust(configuration: WebhookConfiguration, cert: string, now: Date): string | undefined {
  const chain = parsePem(cert);
  const what = `${configuration.kind}/${configuration.metadata.name}`;
  const { webhooks = [] } = configuration;
  if (webhooks.length === 0) return `${what} is not there, or has no webhooks`;
  for (const { name, clientConfig } of webhooks) {
    const bundle = Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString('utf8');
    if (!isTrusted(chain, parsePem(bundle), now))
      return `${what} does not trust this replica's certificate yet (${name})`;
    const host = hostOf(clientConfig);
    if (host && !isFor(chain[0], host))
      return `the serving certificate is not for ${host}, which ${what} calls (${name})`;
  }
  return undefined;
}

/** The leaf is in the bundle, or each in turn is signed by the next up to one in the bundle that holds today. */
export function isTrusted(chain: readonly X509Certificate[], bundle: readonly X509Certificate[], now: Date): boolean {
  const [leaf, ...intermediates] = chain;
  const holding = bundle.filter(({ validFromDate, validToDate }) => validFromDate <= now && now <= validToDate);
  const seen = new Set<X509Certificate>();
  for (let current = leaf; current && !seen.has(current); ) {
    seen.add(current);
    const child: X509Certificate = current;
    if (holding.some((ca) => ca.raw.equals(child.raw) || hasSigned(ca, child))) return true;
    current = intermediates.find((each) => hasSigned(each, child));
  }
  return false;
}

function hasSigned(issuer: X509Certificate, child: X509Certificate): boolean {
  return issuer.subject === child.issuer && child.verify(issuer.publicKey);
}

function hostOf(config: NonNullable<WebhookConfiguration['webhooks']>[number]['clientConfig']): string | undefined {
  if (config?.service) return `${config.service.name}.${config.service.namespace}.svc`;
  return config?.url && URL.canParse(config.url) ? new URL(config.url).hostname.replace(/^\[|\]$/g, '') : undefined;
}

function isFor(leaf: X509Certificate | undefined, host: string): boolean {
  return (isIP(host) ? leaf?.checkIP(host) : leaf?.checkHost(host, { subject: 'never' })) !== undefined;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What is no certificate in it is passed over, as the API server does it. */
export function parsePem(text: string): X509Certificate[] {
  return (text.match(PEM) ?? []).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
}
