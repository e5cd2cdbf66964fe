// Keeps the server on the right certificate, and knows whether the API server's calls would get through. Polled: the
// kubelet swaps a symlink, which file watches miss. Room: webhook (door).
import type { Server } from 'node:https';
import type { Kube } from '../kube/client.ts';
import type { AdmissionMetrics } from '../telemetry/admission-metrics.ts';
import type { Logger } from '../telemetry/log.ts';
import { readCertificate, type ServingCertificate } from './certificate-files.ts';
import { contextOf } from './https.ts';
import { explainDistrust, type WebhookConfiguration } from './trust.ts';

export interface Serving {
  /** Why the API server's calls would fail; undefined when they would not. */
  readonly explain: () => string | undefined;
  /** One look at the files and at both configurations. Never throws. */
  readonly look: () => Promise<void>;
}

export interface ServingOptions {
  readonly kube: Kube;
  readonly log: Logger;
  readonly metrics: AdmissionMetrics;
  readonly directory: string;
  /** Name of both webhook configurations. */
  readonly configuration: string;
}

const KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

export function createServing(
  server: Server,
  first: ServingCertificate,
  { kube, log, metrics, directory, configuration }: ServingOptions,
): Serving {
  let current = first;
  let why: string | undefined = 'the webhook configurations were not read yet';
  metrics.setCertificateExpiry(current.expiresAt);

  function take(next: ServingCertificate): void {
    // New handshakes get the new certificate; open connections go on.
    server.setSecureContext(contextOf(next));
    current = next;
    metrics.setCertificateExpiry(next.expiresAt);
    log.info({ expires: next.expiresAt }, 'serving certificate taken up');
  }

  return {
    explain: () => explainEnd(current) ?? why,
    look: async () => {
      const next = await readCertificate(directory).catch((error: Error) => {
        log.warn({ error: error.message }, 'the certificate could not be read; the present one serves');
        return current;
      });
      try {
        const configurations = await readConfigurations(kube, configuration);
        const now = new Date();
        const explain = ({ cert }: ServingCertificate) =>
          configurations.map((each) => explainDistrust(each, cert, now)).find((each) => each !== undefined);
        if (isOther(next, current) && (explain(next) === undefined || explainEnd(current) !== undefined)) take(next);
        why = explain(current);
      } catch (error) {
        // What was known stays: the API server's trouble is no reason to take the webhook away too.
        log.warn({ error: (error as Error).message }, 'the webhook configurations could not be read');
        if (isOther(next, current) && explainEnd(current) !== undefined) take(next);
      }
    },
  };
}

function isOther(next: ServingCertificate, current: ServingCertificate): boolean {
  return next.cert !== current.cert || next.key !== current.key;
}

function explainEnd({ expiresAt }: ServingCertificate): string | undefined {
  return expiresAt.getTime() < Date.now() ? `the serving certificate ended at ${expiresAt.toISOString()}` : undefined;
}

async function readConfigurations(kube: Kube, name: string): Promise<WebhookConfiguration[]> {
  return Promise.all(
    KINDS.map(async (kind) => {
      const ref = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } };
      const found = await kube.get<WebhookConfiguration>(ref);
      return found ?? ref;
    }),
  );
}
