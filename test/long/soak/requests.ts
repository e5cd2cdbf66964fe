// The soak test's mix of writes, each with what its answer has to be: a mutation that was skipped counts as failed, and so
// does a refusal by anybody but walguard.
import { parse } from 'yaml';
import type { StatefulSet } from '../../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../../src/api/names.ts';
import { isInjected } from '../../../src/inject/strip.ts';
import type { ApiCalls, CallAnswer } from '../../support/api-calls.ts';
import { buildPostgres } from '../../support/install.ts';
import type { Outcome } from '../../support/steady-load.ts';

interface Stored {
  readonly name: string;
  /** The pod template as it was injected, which no later change of the others may touch: that would be a restart. */
  readonly template: string;
}

interface Step {
  readonly kind: string;
  /** Undefined where all is well. */
  readonly run: (mix: Mix, number: number) => Promise<string | undefined>;
}

interface Mix {
  readonly api: ApiCalls;
  readonly namespace: string;
  /** Before each name, so that no two loads meet. */
  readonly prefix: string;
  /** Databases that no request is busy with, the one that rested longest first. */
  readonly idle: Stored[];
}

const ENOUGH = 60;
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

const STEPS: readonly Step[] = [
  { kind: 'create', run: create },
  { kind: 'label', run: label },
  { kind: 'apply', run: apply },
  { kind: 'refused create', run: createUnprotected },
  { kind: 'label', run: label },
  { kind: 'dry-run create', run: createDryRun },
  { kind: 'apply', run: apply },
  { kind: 'scale', run: scale },
  { kind: 'label', run: label },
  { kind: 'refused create', run: createUnprotected },
];

/** @returns an act for `startLoad`: the request of that number */
export function createMix(api: ApiCalls, namespace: string, prefix: string): (number: number) => Promise<Outcome> {
  const mix: Mix = { api, namespace, prefix, idle: [] };
  return async (number) => {
    // The others need something to work on.
    const step = mix.idle.length === 0 ? STEPS[0] : STEPS[number % STEPS.length];
    if (!step) throw new Error('there are no steps');
    const failure = await step.run(mix, number).catch((error: Error) => `no answer: ${error.message}`);
    return { kind: step.kind, ...(failure === undefined ? {} : { failure }) };
  };
}

const DATABASE: StatefulSet = parse(buildPostgres({ namespace: 'shop', name: 'orders' }));

/** Without pods: they would only keep the cluster's controllers busy. */
function build({ namespace }: Mix, name: string, annotations: Record<string, string>): StatefulSet {
  const { metadata, spec, ...rest } = DATABASE;
  return { ...rest, metadata: { ...metadata, namespace, name, annotations }, spec: { ...spec, replicas: 0 } };
}

const buildProtected = (mix: Mix, name: string) => build(mix, name, { [ANNOTATION.policy]: 'standard' });
const pathOf = ({ namespace }: Mix, name = '') =>
  `/apis/apps/v1/namespaces/${namespace}/statefulsets${name === '' ? '' : `/${name}`}`;

async function create(mix: Mix, number: number): Promise<string | undefined> {
  const name = `${mix.prefix}-db-${number}`;
  const answer = await mix.api.call('POST', pathOf(mix), buildProtected(mix, name));
  if (answer.status !== 201) return describe(answer);
  const stored = JSON.parse(answer.text) as StatefulSet;
  if (!isInjected(stored)) return 'created without the injection';
  mix.idle.push({ name, template: JSON.stringify(stored.spec.template) });
  const oldest = mix.idle.length > ENOUGH ? mix.idle.shift() : undefined;
  // Removing asks no webhook, so it is not one of the counted requests.
  if (oldest) await mix.api.call('DELETE', pathOf(mix, oldest.name));
  return undefined;
}

async function createDryRun(mix: Mix, number: number): Promise<string | undefined> {
  const answer = await mix.api.call(
    'POST',
    `${pathOf(mix)}?dryRun=All`,
    buildProtected(mix, `${mix.prefix}-dry-${number}`),
  );
  if (answer.status !== 201) return describe(answer);
  return isInjected(JSON.parse(answer.text)) ? undefined : 'created without the injection';
}

const REFUSAL = /^403 admission webhook "enforce\.validate\.walguard\.dev" denied the request: backup-required: /;

async function createUnprotected(mix: Mix, number: number): Promise<string | undefined> {
  const answer = await mix.api.call('POST', pathOf(mix), build(mix, `${mix.prefix}-bare-${number}`, {}));
  const told = describe(answer);
  return REFUSAL.test(told) ? undefined : `should be refused by walguard: ${told}`;
}

function label(mix: Mix, number: number): Promise<string | undefined> {
  const body = { metadata: { labels: { wave: String(number) } } };
  return change(mix, ({ name }) => mix.api.call('PATCH', pathOf(mix, name), body, MERGE));
}

function scale(mix: Mix, number: number): Promise<string | undefined> {
  const body = { spec: { replicas: number % 2 } };
  return change(mix, ({ name }) => mix.api.call('PATCH', pathOf(mix, name), body, MERGE));
}

function apply(mix: Mix, number: number): Promise<string | undefined> {
  return change(mix, ({ name }) => {
    const workload = buildProtected(mix, name);
    workload.metadata.labels = { applied: String(number) };
    return mix.api.call('PATCH', `${pathOf(mix, name)}?fieldManager=soak&force=true`, workload, APPLY);
  });
}

/** One change at a time of each database: two would be a conflict, which is no fault of a webhook. */
async function change(mix: Mix, send: (stored: Stored) => Promise<CallAnswer>): Promise<string | undefined> {
  const stored = mix.idle.shift();
  if (!stored) return 'the test has no database left to change';
  try {
    const answer = await send(stored);
    if (answer.status !== 200) return describe(answer);
    const { spec } = JSON.parse(answer.text) as StatefulSet;
    return JSON.stringify(spec.template) === stored.template ? undefined : 'the stored template was changed';
  } finally {
    mix.idle.push(stored);
  }
}

function describe({ status, text }: CallAnswer): string {
  try {
    return `${status} ${(JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200)}`;
  } catch {
    return `${status} ${text.slice(0, 200)}`;
  }
}
