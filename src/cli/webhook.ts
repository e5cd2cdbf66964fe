// `walguard webhook` as a person types it; the chart runs it by environment variables. Room: cli (door).
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../api/names.ts';
import { InputError } from '../manifest/problem.ts';
import { defaultImage } from './image.ts';
import type { Program } from './offline.ts';
import { say } from './say.ts';

export interface StandaloneOptions {
  readonly policies: string;
  readonly tlsDir: string;
  readonly port: number;
  readonly image: string;
}

/** Serves until it is told to stop. */
export type Serve = (options: StandaloneOptions) => Promise<void>;

const DEFAULT_PORT = 9443;

export function addWebhook(parent: Command, { name, version, onExit }: Program, serve: Serve): void {
  parent
    .command('webhook')
    .description('Serve the admission webhook; with --standalone without a cluster.')
    .addOption(
      new Option(
        '--standalone',
        'by the policies of a directory: no cluster, kubeconfig or network',
      ).makeOptionMandatory(),
    )
    .requiredOption('--policies <dir>', 'directory of BackupPolicy documents')
    .requiredOption(
      '--tls-dir <dir>',
      'directory with tls.crt and tls.key, and ca.crt if there is one; all three are made when it is empty or missing',
    )
    .option('--port <port>', 'port of https on all interfaces; 0 takes a free one', parsePort, DEFAULT_PORT)
    .option('--image <ref>', "walguard's own image", defaultImage(version))
    .addHelpText('after', help(name))
    .action(async (options: StandaloneOptions) => {
      try {
        await serve(options);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        say(error.message);
        onExit(EXIT.failed);
      }
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is no port; write 0 to 65535.');
  return port;
}

function help(name: string): string {
  return `
It answers as in a cluster: POST an AdmissionReview (admission.k8s.io/v1, application/json) to
  /mutate                                       the patch that injects
  /validate, /validate/warn, /validate/audit    by the mode of the namespace
  /validate/policies, /validate/restores        as far as they can be judged without a cluster
and GET /readyz, /healthz, /metrics. The certificate that it makes is for localhost, 127.0.0.1, ::1 and this host's name.
Each review is a JSON line on stdout, all else is on stderr. Policies are read at the start: to read them again, start it again.
A policy without storage gets the object store that the chart installs by default.

Without options it serves in a cluster, as the chart runs it, by these environment variables:
  WALGUARD_TLS_DIR, WALGUARD_WEBHOOK_CONFIGURATION, WALGUARD_IMAGE, WALGUARD_PORT (default ${DEFAULT_PORT}), LOG_LEVEL

Exit codes: 0 told to stop, 1 a policy, the TLS directory or the port cannot be used, 2 wrong usage.

Examples:
  ${name} webhook --standalone --policies policies --port 9443 --tls-dir /tmp/walguard-tls
  curl --cacert /tmp/walguard-tls/ca.crt https://localhost:9443/readyz
  curl --cacert /tmp/walguard-tls/ca.crt https://localhost:9443/validate -H 'Content-Type: application/json' -d @review.json`;
}
