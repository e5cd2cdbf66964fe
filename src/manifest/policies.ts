// The BackupPolicies of a directory, by which is judged where there is no cluster. Room: manifest.
import { isObject } from '../lib/json.ts';
import { DEFAULT_STORAGE } from '../policy/default-storage.ts';
import type { UncheckedPolicy } from '../policy/find-settings.ts';
import { readSources, type Source } from './input.ts';
import { findObjects, type Located } from './objects.ts';
import { parseSource } from './parse.ts';
import { formatProblem, InputError } from './problem.ts';

export interface LocatedPolicy extends Pick<Located, 'file' | 'document' | 'path'> {
  readonly policy: UncheckedPolicy;
}

export interface PolicyDirectory {
  readonly policies: readonly UncheckedPolicy[];
  /** The same, with where they stand. */
  readonly located: readonly LocatedPolicy[];
  /** Names of those that leave their storage to the chart, as this repository's do; they got the chart's default. */
  readonly lacking: readonly string[];
}

/** @throws InputError with file, line and remedy where one cannot be read; documents of other kinds are passed over */
export async function readPolicyDirectory(directory: string): Promise<PolicyDirectory> {
  const { sources, problems } = await readSources([directory], false);
  for (const problem of problems) throw new InputError(formatProblem(problem));
  const found = sources.flatMap(findPolicies);
  assertUnique(found);
  const lacking = found.filter(({ object }) => isObject(object.spec) && object.spec.storage === undefined);
  const located = found.map((each) => ({ ...each, policy: lacking.includes(each) ? withStorage(each) : each.object }));
  return {
    policies: located.map(({ policy }) => policy),
    located,
    lacking: lacking.map(nameOf),
  };
}

function findPolicies(source: Source): Located[] {
  const file = parseSource(source);
  if (!('documents' in file)) throw new InputError(formatProblem(file));
  return findObjects(file).filter(({ object }) => object.kind === 'BackupPolicy');
}

function assertUnique(found: readonly Located[]): void {
  const names = found.map(nameOf);
  const again = found.find((each, index) => names.indexOf(nameOf(each)) < index);
  if (!again) return;
  const message = `BackupPolicy "${nameOf(again)}" is there twice`;
  throw new InputError(formatProblem({ file: again.file.file, line: again.line, message, remedy: 'Keep one.' }));
}

function withStorage({ object }: Located): UncheckedPolicy {
  return { ...object, spec: { ...(object.spec as object), storage: DEFAULT_STORAGE } };
}

function nameOf({ object }: Located): string {
  return object.metadata.name ?? '';
}
