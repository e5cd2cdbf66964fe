// `walguard restore`: asks for a Restore, and follows it to its end. Room: cli (door).

import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION, EXIT } from '../api/names.ts';
import type { Restore, RestoreTarget } from '../api/restore.ts';
import { createKube, currentNamespace, type Kube, KubeError, loadKubeConfig } from '../kube/client.ts';
import { deriveName } from '../lib/name.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import { describeDestination } from '../lib/restore-spec.ts';
import { nameTarget, readTarget, type TargetOptions } from './restore-target.ts';

export interface RestoreOptions extends TargetOptions {
  readonly as?: string;
  readonly claim?: string;
  readonly instance?: string;
  readonly from?: string;
  /** With false nothing starts on what is restored. */
  readonly start?: boolean;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: string;
  readonly output: 'text' | 'json';
}

const POLL_MS = 1000;

export async function runRestore(database: string, options: RestoreOptions, signal: AbortSignal): Promise<number> {
  const target = readTarget(options, new Date());
  if ('problem' in target) return usage(target.problem);
  if (!(Number(options.timeout) > 0)) return usage(`--timeout "${options.timeout}" is no number of seconds`);
  if (options.as !== undefined && options.claim !== undefined) return usage('only one of --as and --claim, please');
  const config = loadKubeConfig(options);
  const kube = createKube(config);
  const namespace = options.namespace ?? currentNamespace(config);
  const restore = buildRestore(database, namespace, target.target, options);
  try {
    await kube.create(restore);
  } catch (error) {
    return report(error, namespace);
  }
  const { name } = restore.metadata;
  say(
    `Restore ${namespace}/${name}: ${database} as of ${describeTarget(restore.spec.target)} into ${describeDestination(restore.spec)}`,
  );
  if (!options.wait) return EXIT.ok;
  return follow(kube, restore, options, signal);
}

/** @param target what to restore; @returns the Restore, whose destination is named after it unless told */
export function buildRestore(
  database: string,
  namespace: string,
  target: RestoreTarget,
  { as, claim, instance, from, start }: Pick<RestoreOptions, 'as' | 'claim' | 'instance' | 'from' | 'start'>,
): Restore {
  const name = claim ?? as ?? deriveName(instance ?? database, nameTarget(target));
  return {
    apiVersion: API_VERSION,
    kind: 'Restore',
    metadata: { name, namespace },
    spec: {
      source: {
        database,
        ...(instance === undefined ? {} : { instance }),
        ...(from === undefined ? {} : { storagePrefix: from }),
      },
      target,
      destination: claim === undefined ? { statefulSet: name } : { claim },
      ...(start === false ? { autoStart: false } : {}),
    },
  };
}

async function follow(kube: Kube, restore: Restore, options: RestoreOptions, signal: AbortSignal): Promise<number> {
  const startedAt = Date.now();
  const deadline = startedAt + Number(options.timeout) * 1000;
  const { name, namespace } = restore.metadata;
  const attach = `kubectl -n ${namespace} get restore ${name} -w`;
  let last = '';
  while (Date.now() < deadline) {
    const live = await kube.get<Restore>(restore).catch(() => undefined);
    const { phase, message } = live?.status ?? {};
    const line = `${phase ?? 'Waiting'}: ${message ?? 'for the controller'}`;
    if (line !== last) say(`  ${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${line}`);
    last = line;
    if (live && (phase === 'Completed' || phase === 'Failed')) return finish(live, options.output);
    const pause = Math.min(POLL_MS, Math.max(0, deadline - Date.now()));
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      say(`The restore goes on without this command; see it with: ${attach}`);
      return EXIT.interrupted;
    }
  }
  say(`not finished after ${options.timeout} s; it goes on, see it with: ${attach}`);
  return EXIT.timeout;
}

function finish(restore: Restore, output: 'text' | 'json'): number {
  if (output === 'json') process.stdout.write(`${JSON.stringify(restore, null, 2)}\n`);
  return restore.status?.phase === 'Completed' ? EXIT.ok : EXIT.failed;
}

function report(error: unknown, namespace: string): number {
  const { message } = error as Error;
  if (!(error instanceof KubeError)) {
    say(`the cluster cannot be reached: ${message}`);
    return EXIT.unreachable;
  }
  if (error.isDenial) {
    say(message);
    return EXIT.failed;
  }
  if (error.status === 404) {
    say(
      `${message}. Is there a namespace "${namespace}", and is walguard installed (kubectl get crd restores.walguard.dev)?`,
    );
    return EXIT.notFound;
  }
  say(error.status === 409 ? `${message}. Choose another name with --as.` : message);
  return error.status === 401 || error.status === 403 ? EXIT.unreachable : EXIT.failed;
}

function usage(message: string): number {
  say(message);
  return EXIT.usage;
}

/** Progress and errors go to stderr, so that stdout is data alone. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
