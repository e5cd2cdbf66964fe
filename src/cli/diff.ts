// `walguard diff`: what injection changes in the text of the manifests. Room: cli (door).
import { createTwoFilesPatch } from 'diff';
import { EXIT } from '../api/names.ts';
import { formatProblem } from '../manifest/problem.ts';
import { type ChangedFile, changeFiles } from './change.ts';
import { gather, type JudgingOptions, openContext } from './judging.ts';
import { isWorkload, planInjection } from './plan.ts';
import { say } from './say.ts';

/** As with `diff` and `kubectl diff`: 1 is a difference, more is an error. */
const ERROR = EXIT.usage;

export async function runDiff(options: JudgingOptions): Promise<number> {
  const context = await openContext(options);
  const gathered = await gather(options);
  for (const problem of gathered.problems) say(formatProblem(problem));
  const { files, refused } = changeFiles(
    gathered,
    isWorkload,
    (located) => planInjection(located, context),
    'injected',
  );
  const changed = files.filter(({ file, text }) => text !== file.text);
  process.stdout.write(changed.map(formatPatch).join(''));
  if (refused || gathered.problems.length > 0) return ERROR;
  return changed.length > 0 ? EXIT.failed : EXIT.ok;
}

function formatPatch({ file, text }: ChangedFile): string {
  const name = file.file === '-' ? 'stdin' : file.file;
  return createTwoFilesPatch(name, `${name} (injected)`, file.text, text, undefined, undefined, {
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
}
