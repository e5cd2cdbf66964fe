// Keeps the webhook's certificate good and its authority trusted by the API server. Room: controller (door).
import { type Kube, KubeError } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import { DAY_MS } from '../tools/mint-certificate.ts';
import { createAlarm } from './alarm.ts';
import { splitBundle } from './certificate-bundle.ts';
import { readCertificate } from './certificate-judge.ts';
import {
  CONFIGURATION_KINDS,
  configurationRef,
  publish,
  readBundles,
  type WebhookConfiguration,
} from './certificate-publish.ts';
import { ensureSecret, readEntry, secretRef, type TlsSecret, type TlsSecretOptions } from './certificate-secret.ts';

export interface CertificateOptions extends TlsSecretOptions {
  /** Name of both webhook configurations. */
  readonly configuration: string;
  /** Default true. False where the Secret is somebody else's: then it is only read, and its authority published. */
  readonly mint?: boolean;
  /** How long an older authority stays trusted beside a new one; default a day. */
  readonly overlapMs?: number;
}

/** The wall clock says when to renew, and a timer of a day would not see it being set. */
const CHECK_MS = 60_000;
const RETRY_MS = 5000;
const ATTEMPTS = 5;

/** Until the signal: looks each minute, and at once when one of the three objects has changed. */
export async function keepCertificates(
  kube: Kube,
  options: CertificateOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const alarm = createAlarm(signal);
  const configurations = CONFIGURATION_KINDS.map((kind) => configurationRef(kind, options.configuration));
  for (const ref of [secretRef(options), ...configurations]) {
    let seen: string | undefined;
    const ring = (version: string | undefined) => {
      if (version !== undefined && version !== seen) alarm.ring();
      seen = version ?? seen;
    };
    // A connection made anew tells of the object as it is; one that has not changed is no reason to look.
    kube.watch(ref, (object) => ring(object?.metadata.resourceVersion), signal);
  }
  while (!signal.aborted) {
    const isDone = await ensureCertificates(kube, options, log, new Date()).then(
      () => true,
      ({ message }: Error) => {
        if (!signal.aborted) log.error({ error: message }, 'the certificate could not be looked after; trying again');
        return false;
      },
    );
    await alarm.wait(isDone ? CHECK_MS : RETRY_MS);
  }
}

/**
 * Makes sure that a good leaf is in the Secret and its CA in both configurations; writes only what is not so. Any number
 * of controllers may do it at the same time: each write is for what its writer has read, or it is refused.
 */
export async function ensureCertificates(
  kube: Kube,
  options: CertificateOptions,
  log: Logger,
  now: Date,
): Promise<void> {
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      return await ensureOnce(kube, options, log, now);
    } catch (error) {
      if (left === 0 || !(error instanceof KubeError && error.status === 409)) throw error;
    }
  }
}

async function ensureOnce(kube: Kube, options: CertificateOptions, log: Logger, now: Date): Promise<void> {
  const { configuration, secret: name, namespace, mint = true, overlapMs = DAY_MS } = options;
  const configurations = await Promise.all(
    CONFIGURATION_KINDS.map((kind) => kube.get<WebhookConfiguration>(configurationRef(kind, configuration))),
  );
  const live = await kube.get<TlsSecret>(secretRef(options));
  const secret = mint ? await ensureSecret(kube, options, live, log, now) : live;
  if (!secret) throw new Error(`Secret ${namespace}/${name} is not there; create it with tls.crt, tls.key and ca.crt`);
  const authorities = authoritiesOf(secret);
  if (!authorities) {
    throw new Error(`Secret ${namespace}/${name} has no certificate in ca.crt or tls.crt; put them there, as PEM`);
  }
  const leafSince = readCertificate(readEntry(secret, 'tls.crt'))?.validFromDate ?? new Date(0);
  const published = configurations.flatMap((each) => (each ? readBundles(each) : []));
  for (const each of configurations) {
    if (each) await publish(kube, each, { authorities, leafSince, overlapMs, published }, log, now);
  }
  const missing = CONFIGURATION_KINDS.find((_kind, at) => !configurations[at]);
  if (missing) throw new Error(`${missing}/${configuration} is not there; the chart installs it`);
}

/** Without a ca.crt the end of the leaf's own chain, which of a leaf that stands alone is itself. */
function authoritiesOf(secret: TlsSecret): string | undefined {
  const given = splitBundle(readEntry(secret, 'ca.crt'));
  return given.length > 0 ? given.join('\n') : splitBundle(readEntry(secret, 'tls.crt')).at(-1);
}
