// `walguard webhook --standalone`: the same admission without a cluster, for trying, testing and measuring.
// Room: webhook (door).
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { lineOf, parseField } from '../manifest/objects.ts';
import { type PolicyDirectory, readPolicyDirectory } from '../manifest/policies.ts';
import { formatProblem, InputError } from '../manifest/problem.ts';
import { parsePolicySpec } from '../policy/schema.ts';
import type { DrainTimes } from './drain.ts';
import { createFixedSource } from './policy-source.ts';
import { createProcess } from './process.ts';
import { openTlsDirectory, type TlsDirectory } from './tls-directory.ts';

export interface StandaloneOptions {
  /** Directory of BackupPolicy documents. */
  readonly policies: string;
  readonly tlsDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** walguard's own image, for the sidecar. */
  readonly image: string;
}

/** A person waits for it to end. */
const DRAIN: DrainTimes = { quietMs: 500, limitMs: 10_000, lastMs: 1000 };

/** @throws InputError or Error for what is wrong with the policies, the TLS directory or the port */
export async function runStandalone(
  { policies: directory, tlsDir, port, image }: StandaloneOptions,
  env: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<void> {
  const found = await readPolicyDirectory(directory);
  assertUsable(found, directory);
  const tls = await openTlsDirectory(tlsDir, new Date());
  const { log, metrics, signal, engine, listen, end } = createProcess(env, stop);
  const policies = createFixedSource(found.policies, engine);
  const listDatabases = async () => [];
  const findDrills = () => undefined;
  const server = await listen({ image, policies, listDatabases, findDrills }, () => undefined, tls.certificate, port);
  metrics.setCertificateExpiry(tls.certificate.expiresAt);
  const { port: taken } = server.address() as AddressInfo;
  say(introduce(found, directory, tls, tlsDir, taken));
  log.info({ port: taken, policies: found.policies.length, expires: tls.certificate.expiresAt }, 'listening');
  if (!signal.aborted) await once(signal, 'abort');
  await end(server, DRAIN);
}

const NO_NAME = { field: 'metadata.name', seen: 'missing', remedy: 'Add it.' };

/** What an API server would not have stored by its schema. Rules speak up when a database names the policy. */
function assertUsable({ located }: PolicyDirectory, directory: string): void {
  if (located.length === 0) {
    const remedy = 'Name a directory that does, such as policies/ of walguard.';
    throw new InputError(formatProblem({ file: directory, message: 'it holds no BackupPolicy', remedy }));
  }
  const problems = located.flatMap(({ file, document, path, policy }) => {
    const parsed = parsePolicySpec(policy.spec);
    const wrong = [...(policy.metadata.name ? [] : [NO_NAME]), ...('storage' in parsed ? [] : parsed)];
    return wrong.map(({ field, seen, remedy }) =>
      formatProblem({
        file: file.file,
        line: lineOf(file, document, [...path, ...parseField(field)]),
        message: `BackupPolicy "${policy.metadata.name ?? ''}": ${field} is ${seen}`,
        remedy,
      }),
    );
  });
  if (problems.length > 0) throw new InputError(problems.join('\n'));
}

const EXAMPLE = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '1',
    kind: { group: 'apps', version: 'v1', kind: 'StatefulSet' },
    operation: 'CREATE',
    object: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'orders' },
      spec: { template: { spec: { containers: [{ name: 'postgres', image: 'postgres:17' }] } } },
    },
  },
};

function introduce(
  { policies, lacking }: PolicyDirectory,
  directory: string,
  { caFile, isNew, certificate }: TlsDirectory,
  tlsDir: string,
  port: number,
): string {
  const names = policies.map(({ metadata }) => metadata.name).join(', ');
  const trust = caFile === undefined ? '-k' : `--cacert ${caFile}`;
  return [
    ...(lacking.length > 0
      ? [`storage of ${lacking.join(', ')}: the object store that the chart installs by default`]
      : []),
    `policies: ${names} (from ${directory})`,
    `certificate: ${isNew ? 'made' : 'found'} in ${tlsDir}, until ${certificate.expiresAt.toISOString()}`,
    `walguard webhook listens on https://localhost:${port}; ask it, for example:`,
    `  curl -s ${trust} https://localhost:${port}/validate -H 'Content-Type: application/json' -d '${JSON.stringify(EXAMPLE)}'`,
  ].join('\n');
}

/** Standard output is the log's. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
