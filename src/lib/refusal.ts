// What walguard says when it cannot do what it was asked: the same four parts everywhere. Room: lib (pure).

export interface Refusal {
  /** Stable, kebab-case. */
  readonly code: string;
  /** Path of the field in the user's object. */
  readonly field: string;
  /** What stands there; never a secret's value. */
  readonly seen: string;
  /** What to do about it. */
  readonly remedy: string;
}

export function formatRefusal({ code, field, seen, remedy }: Refusal): string {
  return `${code}: ${field} is ${seen}. ${remedy}`;
}
