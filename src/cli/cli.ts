// The commands a person types, by commander. Room: cli (door).
import { basename } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '../api/names.ts';
import { addDrill } from './drill.ts';
import { addOfflineVerbs } from './offline.ts';
import type { RestoreOptions } from './restore-options.ts';
import { flushOutput } from './say.ts';
import { addWebhook, type Serve } from './webhook.ts';

const DEFAULT_TIMEOUT_SECONDS = '3600';

/** As a kubectl plugin it is called `kubectl-walguard`, and typed `kubectl walguard`. */
function programName(argv0: string): string {
  return basename(argv0).startsWith('kubectl-') ? 'kubectl walguard' : 'walguard';
}

/** @param serve the webhook without a cluster; doors do not import one another, so main.ts hands it over */
export async function runCli(
  argv0: string,
  args: readonly string[],
  version: string,
  signal: AbortSignal,
  serve: Serve = () => Promise.reject(new Error('this program has no webhook in it')),
): Promise<number> {
  let code: number = EXIT.ok;
  const name = programName(argv0);
  const program = new Command(name)
    .description('Backups for Postgres StatefulSets, with restores that are proven.')
    .version(version)
    .exitOverride()
    .showHelpAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 cluster not reachable, 124 timed out, 130 interrupted.',
    );
  const shared = {
    name,
    version,
    onExit: (result: number) => {
      code = result;
    },
  };
  addOfflineVerbs(program, shared);
  program
    .command('restore')
    .description('Bring a database back as it was at a moment, in a new StatefulSet; the old one is not touched.')
    .argument('[database]', 'name of the StatefulSet whose backups are read')
    .option('--to-time <time>', 'moment to go back to, RFC 3339 with a time zone')
    .option('--to-lsn <lsn>', 'position in the WAL to go back to, such as 0/3000028')
    .option('--to-xid <xid>', 'transaction to go back to, and with it')
    .option('--to-name <name>', 'restore point to go back to, of pg_create_restore_point()')
    .option('--immediate', 'the end of the newest base backup, or of --backup')
    .option('--latest', 'all that is archived')
    .option('--backup <name>', 'base backup to begin with; alone, its own end (default: the newest before the target)')
    .option(
      '--instance <pod>',
      'pod whose backups are read, where the pods are unrelated databases; it may be scaled away',
    )
    .option(
      '--from <prefix>',
      'where its backups lie, when the database or its cluster is gone, such as s3://backups/shop/orders',
    )
    .option('--from-dump <name>', 'load a logical dump instead: latest, or its name')
    .option('--into-database <name>', 'load one database of the dump beside those of the server that runs, as <name>')
    .option('--of <database>', 'name of that database in the dump')
    .option('--swap', 'and have it take the place of the one that it was dumped from, which is kept')
    .option('--as <name>', 'name of the new StatefulSet (default: <database>-<moment>)')
    .option('--claim <name>', 'fill a new PersistentVolumeClaim instead, and start nothing')
    .option('--no-start', 'make the new StatefulSet with no replicas')
    .option('-n, --namespace <namespace>', "the database's namespace (default: that of the context)")
    .option('--context <name>', 'kube-context (default: the current one)')
    .option('--kubeconfig <path>', 'kubeconfig file')
    .option('--plan', 'say what would be read, and restore nothing')
    .option('--in-place', 'into the database itself: its data are replaced, and kept aside; it is down meanwhile')
    .option('--undo <restore>', 'put back what a restore in place has kept aside, and keep what it made')
    .option('--confirm <database>', 'its name once more, for --in-place, --undo and --swap without a terminal')
    .option('--attach <restore>', 'follow a restore that runs already')
    .option('--no-wait', 'return once the restore is asked for')
    .option('--timeout <seconds>', 'how long to wait for its end', DEFAULT_TIMEOUT_SECONDS)
    .addOption(
      new Option('-o, --output <format>', 'what to print at the end').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      `\nExamples:\n  ${name} restore orders --to-time 2026-11-21T09:41:00Z --as orders-before-the-drop\n  ${name} restore orders --latest -n shop\n  ${name} restore orders --latest --plan\n  ${name} restore orders --latest --from s3://backups/shop/orders/15/7710543307137138721 --as orders-again\n  ${name} restore orders --from-dump latest --as orders-from-dump\n  ${name} restore orders --from-dump latest --of shop --into-database shop_again --swap\n  ${name} restore orders --to-name before-the-migration --as orders-before\n  ${name} restore orders --to-time 2026-11-21T09:41:00Z --in-place\n  ${name} restore --undo orders-20261121-094100`,
    )
    .action(async (database: string | undefined, options: RestoreOptions) => {
      // Loaded when it is asked for: the Kubernetes client is the largest package of all.
      const { runRestore } = await import('./restore.ts');
      code = await runRestore(database, options, signal);
    });
  addDrill(program, shared, signal);
  addWebhook(program, shared, serve);
  for (const [door, description] of [
    ['controller', 'run the controller (run by the chart)'],
    ['agent', 'run a sidecar or a job (run in the pods that walguard makes)'],
  ] as const) {
    program.command(door).description(description);
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  } finally {
    // The process ends right after this.
    await flushOutput();
  }
  return code;
}
