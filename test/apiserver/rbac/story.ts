// A day in the life of both programs, without nodes: a database is made, backed up and restored, and pods and sidecars say
// what they would say.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import {
  ANNOTATION,
  COPY_TO_ANNOTATION,
  DRILLS_OF_ANNOTATION,
  LABEL,
  RENEW_ANNOTATION,
  SIDECAR_PORT,
} from '../../../src/api/names.ts';
import type {
  BaseBackupReport,
  RestoreEvidenceReport,
  RestoreReport,
  SidecarStatus,
} from '../../../src/api/reports.ts';
import { getObject, kubectl, type Live, listObjects, tryKubectl, waitFor } from '../../support/cluster-client.ts';
import { buildPostgres, buildSurroundings } from '../../support/install.ts';
import { SYSTEM_IDENTIFIER } from '../../support/world.ts';
import type { Stage } from './stage.ts';

const DATABASE = 'orders';
const RESTORED = 'orders-back';
const WAIT = { timeoutMs: 60_000, everyMs: 200 };

export async function play(stage: Stage, context: TestContext, namespace: string): Promise<void> {
  await makeDatabase(stage, namespace);
  await backUp(stage, context, namespace);
  await askTheWebhook(stage, namespace);
  await restore(stage, context, namespace);
  await drillElsewhere(stage, namespace);
  await beginInPlace(stage, namespace);
  await loseProtection(stage, namespace);
}

/** What no policy asks for any more goes. */
async function loseProtection(stage: Stage, namespace: string): Promise<void> {
  const { cluster } = stage;
  await kubectl(cluster, ['label', 'namespace', namespace, 'walguard.dev/mode=off', '--overwrite']);
  await kubectl(cluster, ['-n', namespace, 'annotate', 'statefulset', DATABASE, `${ANNOTATION.policy}-`]);
  for (const kind of ['cronjob', 'service']) {
    const isGone = async () => (await listOurs(stage, namespace, kind)).every(({ metadata }) => isOther(metadata));
    await waitFor(`the ${kind} to go`, isGone, WAIT);
  }
}

const isOther = ({ labels }: Live['metadata']) => labels[LABEL.database] !== DATABASE;

async function makeDatabase({ cluster }: Stage, namespace: string): Promise<void> {
  const options = { namespace, name: DATABASE, annotations: { [ANNOTATION.policy]: 'standard' } };
  await kubectl(cluster, ['apply', '-f', '-'], buildSurroundings(options));
  await kubectl(cluster, ['apply', '-f', '-'], buildPostgres(options));
}

async function backUp(stage: Stage, context: TestContext, namespace: string): Promise<void> {
  const { cluster } = stage;
  await runPod(stage, context, namespace, `${DATABASE}-0`, 1, buildStatus(namespace, DATABASE));
  const job = await endJob(stage, namespace, 'base-backup', {
    ok: true,
    backup: { name: 'base_000000010000000000000002', finishedAt: secondsAgo(60) },
    firstFinishedAt: secondsAgo(60),
    clusterId: SYSTEM_IDENTIFIER,
    durationMs: 1200,
  } satisfies BaseBackupReport);
  await waitFor(`the backup of ${job} to be known`, () => readInstance(stage, namespace, 'lastSuccessfulBackup'), WAIT);
  await waitFor('the CronJob', () => getObject(cluster, namespace, 'cronjob', `${DATABASE}-0-base-backup`), WAIT);
  await waitFor('the Service', async () => (await listOurs(stage, namespace, 'service')).length > 0, WAIT);
}

/** A name that no list has brought, and what is only looked up for walguard's own kinds. */
async function askTheWebhook({ cluster }: Stage, namespace: string): Promise<void> {
  const unknown = buildPostgres({ namespace, name: 'other', annotations: { [ANNOTATION.policy]: 'no-such-policy' } });
  const { stderr } = await tryKubectl(cluster, ['apply', '-f', '-'], unknown);
  if (!/no-such-policy/.test(stderr)) throw new Error(`the webhook should have refused this: ${stderr}`);
  const removal = await tryKubectl(cluster, ['delete', 'backuppolicy', 'standard', '--dry-run=server']);
  if (!/policy-in-use/.test(removal.stderr)) throw new Error(`the policy is in use: ${removal.stderr}`);
}

async function restore(stage: Stage, context: TestContext, namespace: string): Promise<void> {
  const { cluster } = stage;
  const spec = {
    source: { database: DATABASE },
    target: { time: secondsAgo(20) },
    destination: { statefulSet: RESTORED },
  };
  const object = { apiVersion: 'walguard.dev/v1alpha1', kind: 'Restore', metadata: { name: 'undo', namespace }, spec };
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(object));
  const report: RestoreReport = {
    ok: true,
    plan: { baseBackup: 'base_000000010000000000000002', target: 'x', fetchBytes: 1, dataBytes: 1 },
    durationMs: 900,
  };
  await endJob(stage, namespace, 'restore', report);
  const status = { ...buildStatus(namespace, RESTORED), timeline: 2, lastReplayedTime: secondsAgo(30) };
  await runPod(stage, context, namespace, `${RESTORED}-0`, 2, status);
  await waitFor('the end of the restore', () => readPhase(stage, namespace, 'Completed'), WAIT);
  const kept: RestoreEvidenceReport = { ok: true, evidence: '20261121T201533Z-orders-0-undo', doubts: [] };
  await endJob(stage, namespace, 'restore-evidence', kept);
  const read = async () => (await getObject(cluster, namespace, 'restore', 'undo')).status?.evidence;
  await waitFor('the record of the restore', async () => (await read()) === kept.evidence, WAIT);
}

/** To the moment at which the database is scaled to 0; deleted then, it goes once the database is scaled up again. */
async function beginInPlace(stage: Stage, namespace: string): Promise<void> {
  const { cluster } = stage;
  const destination = { inPlace: { confirm: DATABASE } };
  const spec = { source: { database: DATABASE }, target: { latest: true }, destination };
  const metadata = { name: 'in-place', namespace };
  const object = { apiVersion: 'walguard.dev/v1alpha1', kind: 'Restore', metadata, spec };
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(object));
  const plan = { baseBackup: 'base_000000010000000000000002', target: 'x', fetchBytes: 1, dataBytes: 1 };
  const report: RestoreReport = { ok: true, plan, durationMs: 900 };
  const its = 'walguard.dev/restore=in-place';
  await endJob(stage, namespace, 'restore', report, its);
  const replicas = async () => (await getObject(cluster, namespace, 'statefulset', DATABASE)).spec.replicas;
  await waitFor('the database to be stopped', async () => (await replicas()) === 0, WAIT);
  await kubectl(cluster, ['-n', namespace, 'delete', 'restore', 'in-place', '--wait=false']);
  const isGone = async () => {
    // Whether it had come to the fetch: its pods end as they would.
    for (const { metadata, status } of await listObjects(cluster, namespace, 'pod', its))
      if (status.phase === 'Pending') await endPod(stage, namespace, metadata.name, { ...report, aside: '/aside' });
    return (await getObject(cluster, namespace, 'restore', 'in-place')) === undefined;
  };
  await waitFor('the Restore to go', isGone, WAIT);
  if ((await replicas()) !== 1) throw new Error('the database is left stopped');
}

/** Where walguard copies Secrets, this one is copied there as well. */
async function drillElsewhere({ cluster, objects, namespace: system }: Stage, namespace: string): Promise<void> {
  const place = `${namespace}-dr`;
  const policy = objects.find(({ kind, metadata }) => kind === 'BackupPolicy' && metadata.name === 'standard');
  const { credentialsSecret } = policy.spec.storage.s3;
  const isCopied = (await getObject(cluster, namespace, 'secret', credentialsSecret)) !== undefined;
  await kubectl(cluster, ['create', 'namespace', place]);
  await kubectl(cluster, ['annotate', 'namespace', place, `${DRILLS_OF_ANNOTATION}=${namespace}`]);
  if (isCopied)
    await kubectl(cluster, ['-n', system, 'annotate', 'secret', credentialsSecret, `${COPY_TO_ANNOTATION}=${place}`]);
  const drills = [{ name: 'weekly', schedule: '0 5 * * 0', namespace: place }];
  const patch = JSON.stringify({ spec: { drills } });
  await kubectl(cluster, ['patch', 'backuppolicy', 'standard', '--type=merge', '-p', patch]);
  // The restored database names the policy, too.
  const selector = `${LABEL.databaseNamespace}=${namespace},${LABEL.database}=${DATABASE}`;
  const list = () => listObjects(cluster, place, 'cronjob', selector);
  await waitFor('the drill elsewhere', async () => (await list()).length === 1, WAIT);
  if (isCopied) await waitFor('the copy there', () => getObject(cluster, place, 'secret', credentialsSecret), WAIT);
  await kubectl(cluster, ['patch', 'backuppolicy', 'standard', '--type=merge', '-p', '{"spec":{"drills":null}}']);
  await waitFor('it to go', async () => (await list()).length === 0, WAIT);
}

export async function renewCertificates({ cluster, namespace, secret }: Stage): Promise<void> {
  const read = async () => (await getObject(cluster, namespace, 'secret', secret))?.data['ca.crt'];
  const before = await read();
  await kubectl(cluster, ['-n', namespace, 'annotate', 'secret', secret, `${RENEW_ANNOTATION}=ca`]);
  const ca = await waitFor('another CA', async () => ((await read()) === before ? undefined : read()), WAIT);
  await waitFor(
    'its publication',
    async () => {
      const { webhooks } = await getObject(cluster, 'default', 'validatingwebhookconfiguration', 'walguard');
      return webhooks.every(({ clientConfig }: Live) => decode(clientConfig.caBundle).includes(decode(ca).trim()));
    },
    WAIT,
  );
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

async function readInstance({ cluster }: Stage, namespace: string, field: string): Promise<unknown> {
  return (await getObject(cluster, namespace, 'protecteddatabase', DATABASE))?.status?.instances?.[0]?.[field];
}

async function readPhase({ cluster }: Stage, namespace: string, expected: string): Promise<boolean> {
  const { status } = await getObject(cluster, namespace, 'restore', 'undo');
  if (status?.phase === 'Failed') throw new Error(status.message);
  return status?.phase === expected;
}

const listOurs = ({ cluster }: Stage, namespace: string, kind: string) =>
  listObjects(cluster, namespace, kind, 'app.kubernetes.io/managed-by=walguard');

/** There is no node: the pod gets an address of loopback, where a sidecar of its own answers. */
async function runPod(
  stage: Stage,
  context: TestContext,
  namespace: string,
  pod: string,
  index: number,
  status: SidecarStatus,
): Promise<void> {
  await waitFor(`pod ${pod}`, () => getObject(stage.cluster, namespace, 'pod', pod), WAIT);
  // Of its own for this process: other checkouts may run the same test at the same time.
  const podIP = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}.${index}`;
  const server = createServer((_request, response) => void response.end(JSON.stringify(status)));
  await once(server.listen(SIDECAR_PORT, podIP), 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await setPodStatus(stage, namespace, pod, { phase: 'Running', podIP, podIPs: [{ ip: podIP }] });
}

/** The pod that the Job got from its controller succeeds with that report, and so does the Job. */
async function endJob(
  stage: Stage,
  namespace: string,
  companion: string,
  report: object,
  selector = `walguard.dev/companion=${companion}`,
): Promise<string> {
  const pod = await waitFor(
    `the pod of the ${companion} Job`,
    async () => (await listObjects(stage.cluster, namespace, 'pod', selector))[0],
    WAIT,
  );
  await endPod(stage, namespace, pod.metadata.name, report);
  return pod.metadata.labels['job-name'];
}

async function endPod(stage: Stage, namespace: string, pod: string, report: object): Promise<void> {
  const { spec } = await getObject(stage.cluster, namespace, 'pod', pod);
  const [container] = spec.containers;
  const times = { startedAt: secondsAgo(2), finishedAt: secondsAgo(1) };
  const terminated = { exitCode: 0, reason: 'Completed', message: JSON.stringify(report), ...times };
  const { name, image } = container;
  const ended = { name, image, imageID: '', ready: false, restartCount: 0, state: { terminated } };
  await setPodStatus(stage, namespace, pod, { phase: 'Succeeded', containerStatuses: [ended] });
}

async function setPodStatus({ cluster }: Stage, namespace: string, pod: string, status: object): Promise<void> {
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await kubectl(cluster, ['-n', namespace, 'patch', 'pod', pod, ...patch]);
}

function buildStatus(namespace: string, database: string): SidecarStatus {
  return {
    database,
    pod: `${database}-0`,
    clusterId: SYSTEM_IDENTIFIER,
    storagePrefix: `s3://walguard/${namespace}/${database}/15/${SYSTEM_IDENTIFIER}`,
    daemon: 'running',
    postgres: 'up',
    inRecovery: false,
    archiver: {
      archiveMode: 'on',
      archivedCount: 3,
      failedCount: 0,
      lastArchivedWal: '000000010000000000000003',
      lastArchivedTime: secondsAgo(0),
      waiting: 0,
    },
  };
}
