// What walguard says when it cannot do what it was asked: the same four parts everywhere. Room: lib (pure).

export interface Reason {
  /** Stable, kebab-case. */
  readonly code: string;
  /** Path of the field in the user's object. */
  readonly field: string;
  /** What stands there; never a secret's value. */
  readonly seen: string;
  /** What to do about it. */
  readonly remedy: string;
}

export function formatReason({ code, field, seen, remedy }: Reason): string {
  return `${code}: ${field} is ${seen}. ${remedy}`;
}
