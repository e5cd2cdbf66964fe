// What the offline verbs share: the objects that -f names, and the context by which they are judged. Room: cli (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import { type JudgeContext, type Judgement, judge } from '../inject/judge.ts';
import { readSources } from '../manifest/input.ts';
import { findObjects, type Located } from '../manifest/objects.ts';
import { type ParsedFile, parseSource } from '../manifest/parse.ts';
import type { Problem } from '../manifest/problem.ts';
import { findSettingsAmong } from '../policy/find-settings.ts';
import { loadPolicies, type PolicyOptions } from './policies.ts';

export interface InputOptions {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
}

export interface JudgingOptions extends InputOptions, PolicyOptions {
  /** Policy of a database that names none. */
  readonly policy?: string;
  /** walguard's own image. */
  readonly image: string;
}

export interface Gathered {
  readonly files: readonly ParsedFile[];
  readonly objects: readonly Located[];
  readonly problems: readonly Problem[];
}

export async function gather({ filename, recursive = false }: InputOptions): Promise<Gathered> {
  const { sources, problems } = await readSources(filename, recursive);
  const files: ParsedFile[] = [];
  const objects: Located[] = [];
  const found: Problem[] = [...problems];
  for (const source of sources) {
    try {
      const file = parseSource(source);
      if ('message' in file) found.push(file);
      else {
        objects.push(...findObjects(file));
        files.push(file);
      }
    } catch (error) {
      const { message } = error as Error;
      found.push({
        file: source.file,
        message: `it cannot be read as YAML (${message})`,
        remedy: 'Write it more plainly.',
      });
    }
  }
  return { files, objects, problems: found };
}

export async function openContext(options: JudgingOptions): Promise<JudgeContext> {
  const policies = await loadPolicies(options);
  return {
    findSettings: (name) => findSettingsAmong(policies, name),
    assumedPolicy: options.policy,
    image: options.image,
    today: new Date().toISOString().slice(0, 10),
  };
}

/** An object that nobody thought of must not hide what is to be said of the others. */
export function judgeSafely({ object }: Located, context: JudgeContext): Judgement {
  try {
    return judge(object, context);
  } catch (error) {
    return { verdict: 'refused', reasons: [fault(error)] };
  }
}

export function fault(error: unknown) {
  return {
    code: 'fault',
    field: 'spec',
    seen: `something that walguard stumbled over (${(error as Error).message})`,
    remedy: 'Compare the manifest with the Kubernetes API; if it is right, report this as a bug of walguard.',
  };
}

export function nameOf({ object }: Located): string {
  const { name, generateName } = object.metadata as StatefulSet['metadata'];
  return String(name ?? generateName ?? '');
}
