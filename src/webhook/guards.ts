// Reviews of walguard's own kinds: what would be refused or regretted later is said when it is written. Their webhooks are
// ignored while this program is away, and a fault lets through. Room: webhook (door).
import type { BackupPolicySpec } from '../api/backup-policy.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { isEqual, isObject } from '../lib/json.ts';
import { judgePolicy } from '../policy/judge-policy.ts';
import { listUsers } from '../policy/policy-use-facts.ts';
import { evaluate, type Judged, sortJudged } from '../policy/rule.ts';
import { POLICY_USE_RULES } from '../policy/rules/policy-use.ts';
import { RESTORE_RULES } from '../policy/rules/restore.ts';
import { auditViolations } from './audit.ts';
import type { Envelope } from './envelope.ts';
import { type Answer, allow, refuse } from './response.ts';
import type { ReviewContext } from './review-context.ts';

/**
 * | operation | spec      | asked                                        |
 * | CREATE    |           | the rules over policies                      |
 * | UPDATE    | unchanged | nothing: it was let in before                |
 * | UPDATE    | changed   | the rules over policies, and over their use  |
 * | DELETE    |           | the rules over their use                     |
 */
export async function answerPolicy({ uid, request }: Envelope, context: ReviewContext): Promise<Answer> {
  const { operation } = request;
  const now = readObject(request.object);
  const old = readObject(request.oldObject);
  const policy = now ?? old;
  if (!policy) throw new Error('the review holds no BackupPolicy');
  const name = policy.metadata.name ?? '';
  if (operation === 'UPDATE' && isEqual(now?.spec, old?.spec)) return answerWith(uid, 'BackupPolicy', policy, []);
  const facts = { now: context.now().toISOString(), engine: context.engine };
  const judged = operation === 'DELETE' ? [] : judgePolicy(name, now?.spec, facts).judged;
  const used =
    operation === 'UPDATE' || operation === 'DELETE' ? await judgeUse(name, operation, old, now, context) : [];
  return answerWith(uid, 'BackupPolicy', policy, sortJudged([...judged, ...used]));
}

async function judgeUse(
  name: string,
  operation: 'UPDATE' | 'DELETE',
  old: KubeObject | undefined,
  now: KubeObject | undefined,
  { listDatabases }: ReviewContext,
): Promise<readonly Judged[]> {
  const [oldPlace, newPlace] = [placeOf(old), placeOf(now)];
  if (operation === 'UPDATE' && oldPlace === newPlace) return [];
  const users = listUsers(name, await listDatabases());
  return evaluate(POLICY_USE_RULES, { name, operation, oldPlace, newPlace, users });
}

/** Never the whole spec: the place alone, which has no secret in it. */
function placeOf(policy: KubeObject | undefined): string | undefined {
  const { storage } = (policy?.spec ?? {}) as Partial<BackupPolicySpec>;
  const s3 = storage?.s3;
  if (!s3) return storage?.volume === undefined ? undefined : 'a volume';
  return s3.endpoint === undefined ? s3.prefix : `${s3.prefix} at ${s3.endpoint}`;
}

/** Only a new Restore is looked at: its spec cannot be changed. */
export async function answerRestore({ uid, request }: Envelope, context: ReviewContext): Promise<Answer> {
  const restore = readObject(request.object);
  if (!restore) throw new Error('the review holds no Restore');
  if (request.operation !== 'CREATE') return answerWith(uid, 'Restore', restore, []);
  const namespace = typeof request.namespace === 'string' ? request.namespace : (restore.metadata.namespace ?? '');
  const databases = await context.listDatabases(namespace);
  const { spec } = restore as Restore;
  const findings = evaluate(RESTORE_RULES, { spec, databases, now: context.now().toISOString() });
  return answerWith(uid, 'Restore', restore, findings);
}

function readObject(value: unknown): KubeObject | undefined {
  return isObject(value) && isObject(value.metadata) ? (value as unknown as KubeObject) : undefined;
}

function answerWith(uid: string, kind: string, { metadata }: KubeObject, findings: readonly Judged[]): Answer {
  const denial = findings.find(({ severity }) => severity === 'deny');
  const code = denial?.reason.code ?? 'accepted';
  const response = denial
    ? refuse(uid, `${kind} "${metadata.name ?? metadata.generateName ?? ''}"`, findings)
    : allow(uid, findings);
  return { code, response: { ...response, auditAnnotations: { verdict: code, ...auditViolations(findings) } } };
}
