// One authority for one cluster, gone with it. Everything that listens on the network asks for a certificate or a token:
// other users of this machine can reach these ports too, and whoever reaches an open kubelet or etcd is root.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly authority: string;
  readonly server: KeyPair;
  readonly etcd: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly serviceAccountKey: string;
}

const lifetimeDays = 30;
const serviceNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** Writes PEM files and returns their paths. */
export async function writeCertificates(directory: string, addresses: readonly string[]): Promise<Certificates> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ca = await issue([{ name: 'commonName', value: 'walguard test cluster' }], [], undefined);
  const write = (name: string, content: string) => {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    return join(directory, name);
  };
  const writePair = async (name: string, subject: Parameters<typeof issue>[0], hosts: readonly string[]) => {
    const pair = await issue(subject, hosts, ca);
    return { cert: write(`${name}.crt`, pair.cert), key: write(`${name}.key`, pair.key) };
  };
  const commonName = (value: string) => ({ name: 'commonName', value });
  return {
    authority: write('ca.crt', ca.cert),
    server: await writePair('apiserver', [commonName('kube-apiserver')], [...serviceNames, 'localhost', ...addresses]),
    etcd: await writePair('etcd', [commonName('etcd')], ['localhost', ...addresses]),
    kubeletClient: await writePair(
      'kubelet-client',
      [{ name: 'organizationName', value: 'system:masters' }, commonName('kube-apiserver')],
      [],
    ),
    serviceAccountKey: write('service-account.key', newRsaKey()),
  };
}

function newRsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

async function issue(
  subject: { name: string; value: string }[],
  hosts: readonly string[],
  ca: KeyPair | undefined,
): Promise<KeyPair> {
  const now = Date.now();
  const pems = await generate(subject, {
    keyType: 'ec',
    algorithm: 'sha256',
    // A little in the past: a clock that was just set back must not break the cluster.
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + lifetimeDays * 86_400_000),
    ...(ca && { ca }),
    extensions: [
      { name: 'basicConstraints', cA: !ca, critical: true },
      ca
        ? { name: 'keyUsage', digitalSignature: true, critical: true }
        : { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ...(ca ? [{ name: 'extKeyUsage' as const, serverAuth: true, clientAuth: true }] : []),
      ...(hosts.length > 0
        ? [
            {
              name: 'subjectAltName' as const,
              altNames: hosts.map((host) =>
                isIPv4(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
              ),
            },
          ]
        : []),
    ],
  });
  return { cert: pems.cert, key: pems.private };
}
