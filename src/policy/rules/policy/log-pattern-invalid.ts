// A pattern that cannot be read, or that every line matches. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';

export const logPatternInvalid: Rule<PolicyFacts> = {
  id: 'log-pattern-invalid',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Each of health.logPatterns is a regular expression that an ordinary line does not match.',
  remedy: 'Write it as JavaScript has it; a part that may be empty must not be all of it.',
  check: ({ spec: { health } }) => (health.logPatterns ?? []).flatMap(describe),
};

function describe(pattern: string, index: number): readonly Finding[] {
  const field = `spec.health.logPatterns[${index}]`;
  const expression = compile(pattern);
  if (expression === undefined) {
    const remedy = 'Put a backslash before ( ) [ ] { } . * + ? | ^ and $ where they are meant as themselves.';
    return [{ field, seen: `"${pattern}", which is no regular expression`, remedy }];
  }
  if (!expression.test('')) return [];
  const remedy = 'Write at least one character that must be there.';
  return [{ field, seen: `"${pattern}", which every line matches, even an empty one`, remedy }];
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}
