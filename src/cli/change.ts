// Manifests in, changed manifests out: what inject, uninject and diff share. Room: cli (door).
import { isEqual } from '../lib/json.ts';
import { formatReason, type Reason } from '../lib/reason.ts';
import type { Located } from '../manifest/objects.ts';
import type { ParsedFile } from '../manifest/parse.ts';
import { type Change, editText } from './edit.ts';
import { type Gathered, nameOf } from './judging.ts';
import { UneditableError } from './place.ts';
import type { Outcome, Planner } from './plan.ts';
import { say } from './say.ts';

export interface ChangedFile {
  readonly file: ParsedFile;
  readonly text: string;
}

export interface Changed {
  readonly files: readonly ChangedFile[];
  readonly refused: boolean;
}

/** Every file with its objects changed, each object reported on stderr; a refused one stays as it is. */
export function changeFiles(
  { files, objects }: Gathered,
  concerns: (located: Located) => boolean,
  plan: Planner,
  done: string,
): Changed {
  const results = files.map((file) => {
    const plans = objects
      .filter((located) => located.file === file && concerns(located))
      .map((located) => ({ located, outcome: plan(located) }));
    const edited = edit(file, plans);
    for (const { located, outcome } of edited.plans) report(located, outcome, done);
    return { file, text: edited.text, refused: edited.plans.some(({ outcome }) => outcome.kind === 'refused') };
  });
  return { files: results, refused: results.some(({ refused }) => refused) };
}

interface Plan {
  readonly located: Located;
  readonly outcome: Outcome;
}

function edit(file: ParsedFile, plans: readonly Plan[]): { text: string; plans: readonly Plan[] } {
  const changes = plans.flatMap(({ located, outcome }): Change[] =>
    outcome.kind === 'changed' ? [{ located, after: outcome.after }] : [],
  );
  if (changes.length === 0) return { text: file.text, plans };
  try {
    return { text: editText(file, changes), plans };
  } catch (error) {
    if (!(error instanceof UneditableError)) throw error;
    const refuse = ({ located, outcome }: Plan): Plan =>
      outcome.kind === 'changed'
        ? { located, outcome: { kind: 'refused', reasons: [uneditable(located, error)] } }
        : { located, outcome };
    return { text: file.text, plans: plans.map(refuse) };
  }
}

function uneditable({ file, line }: Located, { message }: UneditableError): Reason {
  return {
    code: 'uneditable',
    field: `${file.file}:${line}`,
    seen: `written in a way that cannot be changed safely: ${message}`,
    remedy: 'Write out the anchors, aliases and merge keys of this object, one key to a line, and try again.',
  };
}

function report(located: Located, outcome: Outcome, done: string): void {
  const who = `${nameOf(located)} (${located.object.kind})`;
  if (outcome.kind === 'changed') {
    say(`${who}: ${isEqual(outcome.after, located.object) ? `left alone: ${done} already` : done}`);
  }
  if (outcome.kind === 'left-alone') say(`${who}: left alone: ${outcome.why}`);
  if (outcome.kind === 'refused') {
    for (const reason of outcome.reasons) say(`${who}: refused: ${formatReason(reason)}`);
  }
}
