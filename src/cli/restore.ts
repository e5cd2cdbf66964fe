// `walguard restore`: asks for a Restore, and follows it to its end. Room: cli (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION, EXIT } from '../api/names.ts';
import type { Restore, RestoreTarget } from '../api/restore.ts';
import { createKube, currentNamespace, type Kube, KubeError, loadKubeConfig } from '../kube/client.ts';
import { deriveName } from '../lib/name.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import { describeDestination, targetOf } from '../lib/restore-spec.ts';
import { confirm, createNumbered, findUndone, IN_PLACE, isInPlace, SWAP } from './restore-in-place.ts';
import { findProblem, type RestoreOptions } from './restore-options.ts';
import { nameTarget, readTarget } from './restore-target.ts';
import { say } from './say.ts';

const POLL_MS = 1000;

export async function runRestore(
  database: string | undefined,
  options: RestoreOptions,
  signal: AbortSignal,
): Promise<number> {
  const problem = findProblem(database, options);
  if (problem !== undefined) return usage(problem);
  if (options.attach !== undefined) return attach(options.attach, options, signal);
  const target =
    options.undo === undefined && options.fromDump === undefined ? readTarget(options, new Date()) : WITHOUT_TARGET;
  if ('problem' in target) return usage(target.problem);
  const config = loadKubeConfig(options);
  const kube = createKube(config);
  const namespace = options.namespace ?? currentNamespace(config);
  let source = database;
  try {
    source ??= await findUndone(kube, namespace, options.undo ?? '');
  } catch (error) {
    return report(error, namespace);
  }
  if (source === undefined) return noSuchRestore(options.undo ?? '', namespace);
  const confirmed = await askFor(source, options);
  if (confirmed?.problem !== undefined) return usage(confirmed.problem);
  const wanted = buildRestore(source, namespace, target.target, options);
  let restore: Restore;
  try {
    const isNamed = !isInPlace(options) && options.intoDatabase === undefined;
    restore = isNamed ? await kube.create(wanted) : await createNumbered(kube, wanted);
  } catch (error) {
    return report(error, namespace);
  }
  const { name } = restore.metadata;
  const wish = `${source} ${describeMoment(wanted)} into ${describeDestination(wanted.spec)}`;
  say(options.plan ? `Plan only: ${wish}` : `Restore ${namespace}/${name}: ${wish}`);
  if (!options.wait && !options.plan) return EXIT.ok;
  const code = await follow(kube, restore, options, signal);
  // It has restored nothing, and would be in the way of the one that does.
  if (options.plan)
    await kube.remove(restore).catch((error: Error) => say(`Restore ${name} is left: ${error.message}`));
  return code;
}

async function askFor(source: string, options: RestoreOptions): Promise<{ readonly problem?: string } | undefined> {
  if (options.swap && options.of !== undefined) return confirm(options.of, options.confirm, SWAP);
  return isInPlace(options) ? confirm(source, options.confirm, IN_PLACE) : undefined;
}

/** What a dump, and the way back, come to without being asked. */
const WITHOUT_TARGET = { target: { latest: true } } as const;

function describeMoment({ spec }: Restore): string {
  const { dump } = spec.source;
  return dump === undefined ? `as of ${describeTarget(targetOf(spec))}` : `from dump ${dump}`;
}

async function attach(name: string, options: RestoreOptions, signal: AbortSignal): Promise<number> {
  const config = loadKubeConfig(options);
  const namespace = options.namespace ?? currentNamespace(config);
  const ref = { apiVersion: API_VERSION, kind: 'Restore', metadata: { name, namespace } };
  const kube = createKube(config);
  try {
    const restore = await kube.get<Restore>(ref);
    if (restore) return await follow(kube, restore, options, signal);
  } catch (error) {
    return report(error, namespace);
  }
  return noSuchRestore(name, namespace);
}

function noSuchRestore(name: string, namespace: string): number {
  say(`there is no Restore "${name}" in namespace "${namespace}"; kubectl -n ${namespace} get restores lists them`);
  return EXIT.notFound;
}

/** @param target what to restore, where it is no dump; @returns the Restore, whose destination is named after it unless told */
export function buildRestore(
  database: string,
  namespace: string,
  target: RestoreTarget,
  options: Omit<RestoreOptions, 'wait' | 'timeout' | 'output'>,
): Restore {
  const { as, claim, instance, from, fromDump, plan, start, undo } = options;
  const moment = undo === undefined ? (fromDump === undefined ? nameTarget(target) : 'from-dump') : 'undone';
  const name = claim ?? as ?? deriveName(undo ?? instance ?? database, moment);
  return {
    apiVersion: API_VERSION,
    kind: 'Restore',
    metadata: { name, namespace },
    spec: {
      source: {
        database,
        ...(instance === undefined ? {} : { instance }),
        ...(from === undefined ? {} : { storagePrefix: from }),
        ...(fromDump === undefined ? {} : { dump: fromDump }),
      },
      ...(fromDump === undefined ? { target } : {}),
      destination: buildDestination(database, name, options),
      ...(plan ? { planOnly: true } : {}),
      ...(start === false ? { autoStart: false } : {}),
    },
  };
}

function buildDestination(
  database: string,
  name: string,
  { claim, inPlace, undo, intoDatabase, of = '', swap }: Omit<RestoreOptions, 'wait' | 'timeout' | 'output'>,
): Restore['spec']['destination'] {
  if (intoDatabase !== undefined) return { database: { name: intoDatabase, of, ...(swap ? { swap: of } : {}) } };
  if (undo !== undefined) return { inPlace: { confirm: database, undo } };
  if (inPlace) return { inPlace: { confirm: database } };
  return claim === undefined ? { statefulSet: name } : { claim };
}

async function follow(kube: Kube, restore: Restore, options: RestoreOptions, signal: AbortSignal): Promise<number> {
  const startedAt = Date.now();
  const deadline = startedAt + Number(options.timeout) * 1000;
  const { name, namespace } = restore.metadata;
  const again = `walguard restore --attach ${name} -n ${namespace}`;
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
      say(`The restore goes on without this command; follow it again with: ${again}`);
      return EXIT.interrupted;
    }
  }
  say(`not finished after ${options.timeout} s; it goes on, follow it again with: ${again}`);
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
