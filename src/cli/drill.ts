// `walguard drill ...`: rehearsed restores, and what they have shown. Room: cli (door).
import { type Command, InvalidArgumentError, Option } from 'commander';
import { REPORT_FORMATS, type ReportOptions } from './drill-report.ts';
import type { DrillRunOptions } from './drill-run.ts';
import type { VerifyOptions } from './drill-verify.ts';
import type { Program } from './offline.ts';
import { orExplain } from './or-explain.ts';

export function addDrill(parent: Command, program: Program, signal: AbortSignal): void {
  const drill = parent.command('drill').description('Rehearsed restores, and what they have shown.');
  addRun(drill, program, signal);
  addReport(drill, program, signal);
  addVerifyReport(drill, program);
}

function addRun(drill: Command, { name, onExit }: Program, signal: AbortSignal): void {
  drill
    .command('run')
    .description(
      'Rehearse a restore now: a disposable copy is recovered, started and looked at. The database is not touched.',
    )
    .argument('<database>', 'name of the StatefulSet')
    .option('--drill <name>', "drill of the database's policy; needed where there are several")
    .option('--instance <pod>', 'pod whose backups are read, where the pods are unrelated databases')
    .option('-n, --namespace <namespace>', "the database's namespace (default: that of the context)")
    .option('--context <name>', 'kube-context (default: the current one)')
    .option('--kubeconfig <path>', 'kubeconfig file')
    .option('--no-wait', 'return once it has begun')
    .option('--timeout <seconds>', 'how long to wait for its end', '21600')
    .addOption(
      new Option('-o, --output <format>', 'what to print at the end').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 it passed, 1 it failed or could not run, 2 wrong usage, 3 there is no drill, 4 cluster not reachable, 124 timed out,
  130 interrupted: the drill goes on.

Examples:
  ${name} drill run orders -n shop
  ${name} drill run orders -n shop --drill monthly-pitr -o json`,
    )
    .action(async (database: string, options: DrillRunOptions) => {
      const { runDrillNow } = await import('./drill-run.ts');
      onExit(await orExplain(() => runDrillNow(database, options, signal)));
    });
}

function addReport(drill: Command, { name, version, onExit }: Program, signal: AbortSignal): void {
  const records = new Option(
    '--records <path>',
    'directory or file with records, such as a copy from the store; - for standard input',
  );
  drill
    .command('report')
    .description('Print the evidence of drills and restores: for a terminal, a program, or an incident log.')
    .argument('[database]', 'name of the StatefulSet; needed without --records')
    .addOption(records.conflicts(['context', 'kubeconfig']))
    .addOption(new Option('-o, --output <format>', 'what to print').choices(REPORT_FORMATS).default('text'))
    .option('--since <when>', 'records finished since: a day, a time with a zone, or a duration such as 90d')
    .option('--last <n>', 'the newest n records of each database', parseCount)
    .option(
      '--public-key <file>',
      'key to trust, SPKI PEM; may be given again',
      (path: string, before: readonly string[]) => [...before, path],
      [] as readonly string[],
    )
    .option(
      '-n, --namespace <namespace>',
      "the database's namespace (default: that of the context; with --records: any)",
    )
    .option('--context <name>', 'kube-context (default: the current one)')
    .option('--kubeconfig <path>', 'kubeconfig file')
    .addHelpText(
      'after',
      `
Without --records the database's sidecar reads them from the store; you need the right to list pods and to exec.
The page of -o html needs nothing beside itself: print it, or put it into an incident log. The signed records are in it.
Each entry of records in -o json holds what was signed, as text: jq '.records[].record | fromjson'.
Exit codes: 0 done, 1 a record cannot be used, or signatures or chain are not whole, 2 wrong usage, 3 there are none,
  4 cluster not reachable.

Examples:
  ${name} drill report orders -n shop
  ${name} drill report orders -n shop --since 90d -o html > orders-2026-q4.html
  aws s3 sync s3://backups/shop/orders/evidence evidence/ && ${name} drill report --records evidence/ --last 1`,
    )
    .action(async (database: string | undefined, options: ReportOptions) => {
      const { runReport } = await import('./drill-report.ts');
      onExit(await orExplain(() => runReport(database, options, version, signal)));
    });
}

function addVerifyReport(drill: Command, { name, version, onExit }: Program): void {
  drill
    .command('verify-report')
    .description('Check signatures and chain of records, wherever they are now. Needs no cluster.')
    .argument('<path...>', 'records, reports as JSON or HTML, directories of them, or - for standard input')
    .option(
      '--public-key <file>',
      'key to trust, SPKI PEM; may be given again',
      (path: string, before: readonly string[]) => [...before, path],
      [] as readonly string[],
    )
    .addHelpText(
      'after',
      `
Of a directory its own .json, .jsonl and .html files are read, and those of every folder named evidence below it.
Without --public-key the keys in the files are believed: that shows that nothing was altered since it was signed, and not who signed.
Of a page, its words are checked too: they must be those that its records give.
Exit codes: 0 nothing is wrong, 1 something is, or cannot be read, 2 wrong usage.

Examples:
  kubectl -n shop get secret walguard-evidence -o jsonpath='{.data.public\\.pem}' | base64 -d > public.pem
  ${name} drill verify-report --public-key public.pem evidence/
  ${name} drill verify-report --public-key public.pem orders-2026-q4.html`,
    )
    .action(async (paths: readonly string[], options: VerifyOptions) => {
      const { runVerifyReport } = await import('./drill-verify.ts');
      onExit(await orExplain(() => runVerifyReport(paths, options, version)));
    });
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is no count; write a whole number from 1.');
  return Number(text);
}
