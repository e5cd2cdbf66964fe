// What each mode answers to each verb on each kind of StatefulSet: the table, and how its cells are asked for.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { isInjected } from '../../src/inject/strip.ts';
import { exempt, operatorOwned, redis } from '../support/admission-cases.ts';
import type { ApiCalls, CallAnswer } from '../support/api-calls.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload } from '../support/workloads.ts';

export const MODES = ['enforce', 'warn', 'audit', 'off', 'none'] as const;
export type Mode = (typeof MODES)[number];

export const VERBS = ['create', 'dry-run', 'update', 'replace', 'apply', 'patch', 'scale', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

/**
 * | word  | answer                                                        |
 * | ok    | let in, without a word                                        |
 * | warn  | let in, with a warning for each code                          |
 * | 403   | refused, with these codes                                     |
 * | +     | what the API server gives back has archiving in its template  |
 *
 * `none` is a namespace without a label; the chart's default mode is enforce. `patch` takes from the protected one its
 * policy, and from the exempt one its exemption; it gives the expired one a new date, and the others a policy.
 */
export const TABLE = `
mode     state           create                dry-run               update                replace               apply                 patch                                     scale  delete
enforce  protected       ok+                   ok+                   ok+                   ok+                   ok+                   403 protection-removed                    ok     ok
enforce  unprotected     403 backup-required   403 backup-required   warn backup-required  warn backup-required  warn backup-required  warn restart-follows+                     ok     ok
enforce  exempt          ok                    ok                    ok                    ok                    ok                    warn backup-required                      ok     ok
enforce  expired         403 exemption-ended   403 exemption-ended   warn exemption-ended  warn exemption-ended  warn exemption-ended  ok                                        ok     ok
enforce  operator-owned  ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
enforce  not-postgres    ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
warn     protected       ok+                   ok+                   ok+                   ok+                   ok+                   warn protection-removed, restart-follows  ok     ok
warn     unprotected     warn backup-required  warn backup-required  warn backup-required  warn backup-required  warn backup-required  warn restart-follows+                     ok     ok
warn     exempt          ok                    ok                    ok                    ok                    ok                    warn backup-required                      ok     ok
warn     expired         warn exemption-ended  warn exemption-ended  warn exemption-ended  warn exemption-ended  warn exemption-ended  ok                                        ok     ok
warn     operator-owned  ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
warn     not-postgres    ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
audit    protected       ok+                   ok+                   ok+                   ok+                   ok+                   ok                                        ok     ok
audit    unprotected     ok                    ok                    ok                    ok                    ok                    ok+                                       ok     ok
audit    exempt          ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
audit    expired         ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
audit    operator-owned  ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
audit    not-postgres    ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
off      protected       ok                    ok                    ok+                   ok                    ok+                   ok+                                       ok     ok
off      unprotected     ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
off      exempt          ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
off      expired         ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
off      operator-owned  ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
off      not-postgres    ok                    ok                    ok                    ok                    ok                    ok                                        ok     ok
none     protected       ok+                   ok+                   ok+                   ok+                   ok+                   403 protection-removed                    ok     ok
none     unprotected     403 backup-required   403 backup-required   warn backup-required  warn backup-required  warn backup-required  warn restart-follows+                     ok     ok
none     exempt          ok                    ok                    ok                    ok                    ok                    warn backup-required                      ok     ok
none     expired         403 exemption-ended   403 exemption-ended   warn exemption-ended  warn exemption-ended  warn exemption-ended  ok                                        ok     ok
none     operator-owned  ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
none     not-postgres    ok                    ok                    ok                    ok                    ok                    warn policy-without-effect                ok     ok
`;

export type State = 'protected' | 'unprotected' | 'exempt' | 'expired' | 'operator-owned' | 'not-postgres';

interface Kind {
  /** As its owner writes it. */
  readonly build: () => StatefulSet;
  /** Annotations of the merge patch; null takes one away. */
  readonly patch: Readonly<Record<string, string | null>>;
}

const NAMES_POLICY = { [ANNOTATION.policy]: 'standard' };

export const KINDS: Readonly<Record<State, Kind>> = {
  protected: { build: () => buildWorkload({ policy: 'standard' }), patch: { [ANNOTATION.policy]: null } },
  unprotected: { build: () => buildWorkload(), patch: NAMES_POLICY },
  exempt: { build: () => exempt(), patch: { [ANNOTATION.exempt]: null } },
  expired: {
    build: () => exempt({ [ANNOTATION.exemptUntil]: '2020-02-29' }),
    patch: { [ANNOTATION.exemptUntil]: '2999-12-31' },
  },
  'operator-owned': { build: operatorOwned, patch: NAMES_POLICY },
  'not-postgres': { build: () => redis(), patch: NAMES_POLICY },
};

export interface Cell {
  readonly mode: Mode;
  readonly state: State;
  readonly verb: Verb;
}

export const CELLS: readonly Cell[] = MODES.flatMap((mode) =>
  (Object.keys(KINDS) as State[]).flatMap((state) => VERBS.map((verb) => ({ mode, state, verb }))),
);

/** Columns are divided by two blanks or more. */
export function readTable(text: string): Map<string, string> {
  const [head = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
  return new Map(
    rows.flatMap(([mode, state, ...cells]) =>
      cells.map((cell, index) => [`${mode} ${state} ${head[index + 2]}`, cell] as const),
    ),
  );
}

export const keyOf = ({ mode, state, verb }: Cell): string => `${mode} ${state} ${verb}`;

export function formatTable(answers: ReadonlyMap<string, string>): string {
  const rows = [
    ['mode', 'state', ...VERBS],
    ...MODES.flatMap((mode) =>
      (Object.keys(KINDS) as State[]).map((state) => [
        mode,
        state,
        ...VERBS.map((verb) => answers.get(keyOf({ mode, state, verb })) ?? '?'),
      ]),
    ),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const namespaceOf = (mode: Mode): string => `mode-${mode}`;

function buildCell({ mode, state, verb }: Cell): StatefulSet {
  const workload = KINDS[state].build();
  workload.metadata = { ...workload.metadata, name: `${state}-${verb}`, namespace: namespaceOf(mode) };
  // No pods: what is asked is only what is admitted.
  workload.spec.replicas = 0;
  return workload;
}

/** As it was stored before walguard was there; a protected one by an earlier walguard. Undefined where nothing was. */
export function buildBefore(cell: Cell): StatefulSet | undefined {
  if (cell.verb === 'create' || cell.verb === 'dry-run') return undefined;
  return cell.state === 'protected' ? injected(buildCell(cell)) : buildCell(cell);
}

export function pathOf(namespace: string, name = ''): string {
  return `/apis/apps/v1/namespaces/${namespace}/statefulsets${name === '' ? '' : `/${name}`}`;
}

const MERGE = 'application/merge-patch+json';

/** One request of the verb, as a client would make it. */
export async function ask({ call }: ApiCalls, cell: Cell): Promise<CallAnswer> {
  const workload = buildCell(cell);
  const all = pathOf(namespaceOf(cell.mode));
  const path = pathOf(namespaceOf(cell.mode), workload.metadata.name);
  switch (cell.verb) {
    case 'create':
      return call('POST', all, workload);
    case 'dry-run':
      return call('POST', `${all}?dryRun=All`, workload);
    case 'update':
      return update(path, { call });
    case 'replace':
      return call('PUT', path, workload);
    case 'apply':
      return call('PATCH', `${path}?fieldManager=owner&force=true`, workload, 'application/apply-patch+yaml');
    case 'patch':
      return call('PATCH', path, { metadata: { annotations: KINDS[cell.state].patch } }, MERGE);
    case 'scale':
      return call('PATCH', `${path}/scale`, { spec: { replicas: 1 } }, MERGE);
    case 'delete':
      return call('DELETE', path);
  }
}

/** The controllers write its status at the same time, so a conflict is tried again, as every client does. */
async function update(path: string, { call }: Pick<ApiCalls, 'call'>): Promise<CallAnswer> {
  for (;;) {
    const live = JSON.parse((await call('GET', path)).text) as StatefulSet;
    const labels = { ...live.metadata.labels, team: 'shop' };
    const answer = await call('PUT', path, { ...live, metadata: { ...live.metadata, labels } });
    if (answer.status !== 409) return answer;
  }
}

/** The answer as the table writes it, and its whole text. */
export function readAnswer({ status, text, warnings }: CallAnswer): { readonly cell: string; readonly text: string } {
  const body = JSON.parse(text) as Partial<StatefulSet> & { message?: string };
  const plus = body.kind === 'StatefulSet' && isInjected(body as StatefulSet) ? '+' : '';
  if (status >= 400) {
    const message = (body.message ?? '').replace(/^.*?denied the request: /s, '');
    const codes = [...message.matchAll(/^(?:- )?([a-z-]+): /gm)].map(([, code]) => code);
    return { cell: `${status} ${codes.join(', ')}${plus}`, text: [...warnings, body.message].join('\n') };
  }
  if (warnings.length === 0) return { cell: `ok${plus}`, text: '' };
  const codes = warnings.map((each) => /^walguard: ([a-z-]+): /.exec(each)?.[1] ?? each);
  return { cell: `warn ${codes.join(', ')}${plus}`, text: warnings.join('\n') };
}
