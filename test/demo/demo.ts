// `npm run demo`: the whole path on a real Kubernetes, from `helm install` to a restore to the second. Exit 0 only when
// every row is back.
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildWalguardImage, down, ensureTools, up } from '../cluster/cluster.ts';
import type { ClusterAccess } from '../support/cluster-client.ts';
import { helm, kubectl, tryKubectl } from '../support/cluster-client.ts';
import { installChart, SYSTEM_NAMESPACE } from '../support/install.ts';
import { formatReport, formatSummary, type Report } from './report.ts';
import * as story from './story.ts';

const USAGE = `npm run demo -- [--keep] [--context NAME [--image REF]] [--report FILE]

  --keep            leave it running to play with
  --context NAME    use this kube-context instead of a local cluster
  --image REF       walguard's image as that cluster's nodes know it (default: the chart's)
  --report FILE     where the JSON report goes (default: demo-report.json)
`;

const options = readOptions();

function readOptions() {
  try {
    return parseArgs({
      options: {
        keep: { type: 'boolean', default: false },
        context: { type: 'string' },
        image: { type: 'string' },
        report: { type: 'string', default: 'demo-report.json' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

const startedAt = Date.now();

/** What happens goes to stderr with its time; the report is stdout's. */
function say(line: string): void {
  process.stderr.write(`[${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s] ${line}\n`);
}

interface Stage {
  readonly access: ClusterAccess;
  readonly image: string | undefined;
  readonly leave: () => Promise<void>;
}

async function prepareLocal(): Promise<Stage> {
  say('bringing up a local Kubernetes with two nodes');
  const cluster = await up({ nodes: 2, log: say });
  const image = await buildWalguardImage(cluster, say);
  return { access: cluster, image, leave: () => down({ log: say }) };
}

async function prepareExisting(context: string): Promise<Stage> {
  const { kubectl: kubectlPath, helm: helmPath } = await ensureTools(say);
  const kubeconfig = process.env.KUBECONFIG || join(homedir(), '.kube', 'config');
  const access = { kubectl: kubectlPath, helm: helmPath, kubeconfig, context };
  await refuseIfUsed(access, context);
  const leave = async () => {
    say('removing what the demo made; the CustomResourceDefinitions stay');
    await kubectl(access, ['delete', 'namespace', story.NAMESPACE, '--ignore-not-found']);
    await tryKubectl(access, ['delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', 'walguard']);
    await helm(access, ['uninstall', 'walguard', '-n', SYSTEM_NAMESPACE, '--ignore-not-found']);
    await kubectl(access, ['delete', 'namespace', SYSTEM_NAMESPACE, '--ignore-not-found']);
  };
  return { access, image: options.image, leave };
}

/** Somebody's own walguard, with its backups, must not be replaced and removed by a demo. */
async function refuseIfUsed(access: ClusterAccess, context: string): Promise<void> {
  const namespaces = [SYSTEM_NAMESPACE, story.NAMESPACE];
  const found = await kubectl(access, ['get', 'namespace', ...namespaces, '--ignore-not-found', '-o', 'name']);
  if (found.trim() === '') return;
  throw new Error(
    `the context "${context}" has ${found.trim().split('\n').join(' and ')} already; the demo makes and removes them, so delete them first or use another cluster`,
  );
}

async function play({ access, image }: Stage): Promise<Report> {
  say(`installing the chart (helm install walguard chart -n ${SYSTEM_NAMESPACE})`);
  await installChart(access, image);
  say('applying a Postgres StatefulSet without a backup policy');
  const refusal = await story.applyUnprotected(access);
  say(`refused, as it should be:\n\n    ${refusal}\n`);
  say('applying it again with one annotation more: walguard.dev/policy: standard');
  const injected = await story.applyProtected(access);
  say('waiting until WAL is archived and a base backup ran');
  const placement = await story.waitForBackup(access);
  say(`base backup ${placement.backup} ran on ${placement.backupNode}, the database runs on ${placement.databaseNode}`);
  say('rehearsing a restore before it is needed');
  const rehearsed = await story.rehearse(access, say);
  say(`Protected: ${rehearsed.protectedBecause}`);
  const written = await story.writeRows(access);
  say(`wrote ${written.rows} rows; the last commit was at ${written.lastCommit}`);
  const lost = await story.dropTable(access);
  say(`dropped the table at ${lost.droppedAt}; restoring to ${lost.target}`);
  const restored = await story.restore(access, lost.target, say);
  say(`counted ${restored.rows} rows in the restored database`);
  const totalSeconds = (Date.now() - startedAt) / 1000;
  return { refusal, injected, placement, rehearsed, written, lost, restored, totalSeconds };
}

/** Ctrl-C ends the play, not the cleaning up. */
function waitForInterrupt(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
  });
}

async function main(): Promise<number> {
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const stage = options.context === undefined ? await prepareLocal() : await prepareExisting(options.context);
  try {
    const report = await Promise.race([play(stage), waitForInterrupt()]);
    const { text, ok } = formatSummary(report);
    writeFileSync(options.report, `${JSON.stringify({ ok, ...report }, null, 2)}\n`);
    process.stdout.write(formatReport(report));
    if (options.keep)
      process.stdout.write(`Left running; use it with: export KUBECONFIG=${stage.access.kubeconfig}\n\n`);
    else await stage.leave();
    process.stdout.write(`${text}\n`);
    return ok ? 0 : 1;
  } catch (error) {
    say(`the demo failed: ${(error as Error).message}`);
    if (!(error as Error).message.startsWith('interrupted')) say(await story.describeTrouble(stage.access));
    if (!options.keep) await stage.leave();
    return 1;
  }
}

process.exitCode = await main().catch((error: Error) => {
  say(error.message);
  return 1;
});
