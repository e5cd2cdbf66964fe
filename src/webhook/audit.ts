// Audit annotations: what the API server's log keeps of a decision, whatever the mode. Short, and nothing of the object but
// names and the written reason of an exemption. Room: webhook (door).
import type { Verdict } from '../inject/admission.ts';
import type { Judged } from '../policy/rule.ts';
import { shorten } from './response.ts';

export type AuditAnnotations = Readonly<Record<string, string>>;

export function auditValidation({ code, policy, exemption, findings }: Verdict): AuditAnnotations {
  return {
    verdict: code,
    ...(policy === undefined ? {} : { policy: shorten(policy) }),
    ...auditViolations(findings),
    ...(policy === undefined && exemption.kind === 'holds' ? { exempt: describe(exemption) } : {}),
  };
}

/** `backup-required metadata.annotations[walguard.dev/policy]`: code and field of each denial, also of one that was let in. */
export function auditViolations(findings: readonly Judged[]): AuditAnnotations {
  const violations = findings
    .filter(({ severity }) => severity === 'deny')
    .map(({ reason: { code, field } }) => `${code} ${field}`);
  return violations.length === 0 ? {} : { violations: shorten(violations.join('; ')) };
}

function describe({ until, reason }: { readonly until?: string; readonly reason: string }): string {
  const end = until === undefined ? 'without end' : `until ${until}`;
  return shorten(`${end}: ${reason.replaceAll(/\s+/g, ' ').trim()}`);
}
