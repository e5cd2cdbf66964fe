// What is wrong with an input, and where. Room: manifest.

export interface Problem {
  readonly file: string;
  /** From 1; absent where the file as a whole cannot be read. */
  readonly line?: number;
  readonly column?: number;
  /** What was seen, without a full stop. */
  readonly message: string;
  readonly remedy: string;
}

export function formatProblem({ file, line, column, message, remedy }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return `${place}: ${message}. ${remedy}`;
}

/** For inputs without which nothing can be done, such as the directory of the policies. */
export class InputError extends Error {}
