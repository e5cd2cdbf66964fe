// The verbs that need no cluster, and the options that they share. Room: cli (door).
import { type Command, Option } from 'commander';
import { CHECK_FORMATS, type CheckOptions, runCheck } from './check.ts';
import { runDiff } from './diff.ts';
import { EXPLAIN_FORMATS, type ExplainOptions, runExplain } from './explain.ts';
import { defaultImage } from './image.ts';
import type { InputOptions, JudgingOptions } from './judging.ts';
import { orExplain } from './or-explain.ts';
import { type RewriteOptions, runInject, runUninject } from './rewrite.ts';

export interface Program {
  /** As the user typed it. */
  readonly name: string;
  readonly version: string;
  readonly onExit: (code: number) => void;
}

interface Verb<Options> {
  readonly name: string;
  readonly description: string;
  /** Printed below the options of its help. */
  readonly help: string;
  readonly run: (options: Options) => Promise<number>;
}

export function addOfflineVerbs(parent: Command, program: Program): void {
  const { name, version } = program;
  const judging = <Options extends JudgingOptions>(verb: Verb<Options>) =>
    addJudging(addVerb(parent, program, verb), version);

  judging<CheckOptions>({
    name: 'check',
    description: 'Say what the webhook would say: is every database in these manifests protected?',
    help: `
Exit codes: 0 nothing is refused or unprotected, 1 something is, or an input cannot be read.

Examples:
  ${name} check -f orders.yaml
  helm template shop ./shop | ${name} check -f - --policy standard
  ${name} check -f manifests/ -R -o sarif > walguard.sarif`,
    run: (options) => runCheck(options, version),
  }).addOption(new Option('-o, --output <format>', 'what to print').choices(CHECK_FORMATS).default('table'));

  addRewriting(
    judging<RewriteOptions & JudgingOptions>({
      name: 'inject',
      description: 'Print the manifests as the webhook would store them; comments and order stay.',
      help: `
With --policy, the annotation walguard.dev/policy is written to each database that names none and is not exempt.
Exit codes: 0 done, 1 a database is refused or an input cannot be read; then nothing is printed or written.

Examples:
  ${name} inject -f orders.yaml | kubectl apply -f -
  helm template shop ./shop | ${name} inject -f - --policy standard
  ${name} inject -f manifests/ --write`,
      run: runInject,
    }),
  );

  addRewriting(
    addVerb<RewriteOptions>(parent, program, {
      name: 'uninject',
      description: 'Print the manifests without what walguard injected; annotations that ask for it stay.',
      help: `
Exit codes: 0 done, 1 an input cannot be read; then nothing is printed or written.

Examples:
  ${name} uninject -f orders.yaml
  kubectl get statefulset orders -o yaml | ${name} uninject -f -`,
      run: runUninject,
    }),
  );

  judging<ExplainOptions>({
    name: 'explain',
    description: 'Say of each field that injection adds which rule, setting or annotation asked for it.',
    help: `
Exit codes: 0 done, 1 a database is refused or an input cannot be read.

Examples:
  ${name} explain -f orders.yaml
  ${name} explain -f orders.yaml --policy standard -o json`,
    run: runExplain,
  }).addOption(new Option('-o, --output <format>', 'what to print').choices(EXPLAIN_FORMATS).default('text'));

  judging<JudgingOptions>({
    name: 'diff',
    description: 'Show as a unified diff what injection changes in the manifests.',
    help: `
Exit codes: 0 no difference, 1 a difference, above 1 an error, or a database that is refused.

Examples:
  ${name} diff -f orders.yaml
  ${name} diff -f orders.yaml --policy standard | less`,
    run: runDiff,
  });
}

function addVerb<Options extends InputOptions>(
  parent: Command,
  { onExit }: Program,
  { name, description, help, run }: Verb<Options>,
): Command {
  return parent
    .command(name)
    .description(description)
    .requiredOption(
      '-f, --filename <path>',
      'file, directory (its *.yaml, *.yml and *.json), or - for standard input; may be given again',
      (path: string, before: string[] = []) => [...before, path],
    )
    .option('-R, --recursive', 'the directories below a given one too')
    .addHelpText('after', help)
    .action(async (options: Options) => onExit(await orExplain(() => run(options))));
}

function addJudging(command: Command, version: string): Command {
  const policies = new Option(
    '--policies <dir>',
    "directory of BackupPolicy documents to judge by (default: the cluster's, or else the built-in ones)",
  );
  return command
    .option('--policy <name>', 'policy of the databases that name none and are not exempt')
    .addOption(policies.conflicts(['context', 'kubeconfig']))
    .option('--context <name>', 'kube-context whose policies are read')
    .option('--kubeconfig <path>', 'kubeconfig file')
    .option('--image <ref>', "walguard's own image", defaultImage(version));
}

function addRewriting(command: Command): Command {
  return command
    .option('-w, --write', 'change the files instead of printing them')
    .option('--keep-going', 'print or write the rest where a database is refused; it stays as it is');
}
