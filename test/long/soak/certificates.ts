// The webhook's certificates in the soak test: renewed on request, and what is seen of them from outside.
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { RENEW_ANNOTATION } from '../../../src/api/names.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { getObject, kubectl, type Live } from '../../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../../support/install.ts';

/** Asks the controller for a new one, as an operator would. */
export async function askForNew(cluster: Cluster, secret: string, what: 'leaf' | 'ca'): Promise<void> {
  await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'annotate', 'secret', secret, `${RENEW_ANNOTATION}=${what}`]);
}

/** The controller looks once a minute, and at once when the Secret has changed. */
export async function makeControllerLook(cluster: Cluster, secret: string): Promise<void> {
  await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'annotate', '--overwrite', 'secret', secret, `look=${Date.now()}`]);
}

/** The leaf that a new connection to that port gets. */
export function readServedLeaf(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      if (leaf) resolve(leaf);
      else reject(new Error(`port ${port} serves no certificate`));
    });
    socket.on('error', reject);
  });
}

/** The bundle of each webhook of both configurations: one string where they all agree, as they should. */
export async function readBundles(cluster: Cluster, name: string): Promise<readonly (readonly X509Certificate[])[]> {
  const kinds = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'];
  const both = await Promise.all(kinds.map((kind) => getObject(cluster, 'default', kind, name)));
  const bundles = both.flatMap(({ webhooks }: Live) => webhooks.map((each: Live) => each.clientConfig.caBundle ?? ''));
  return bundles.map((base64: string) => splitPem(Buffer.from(base64, 'base64').toString('utf8')));
}

function splitPem(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export function isSignedBy(leaf: X509Certificate, ca: X509Certificate): boolean {
  return leaf.checkIssued(ca) && leaf.verify(ca.publicKey);
}
