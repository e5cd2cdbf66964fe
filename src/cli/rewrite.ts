// `walguard inject` and `walguard uninject`: manifests in, manifests out, a report on stderr. Room: cli (door).
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { EXIT } from '../api/names.ts';
import { formatProblem } from '../manifest/problem.ts';
import { type Changed, type ChangedFile, changeFiles } from './change.ts';
import { type Gathered, gather, type InputOptions, type JudgingOptions, openContext } from './judging.ts';
import { isStatefulSet, isWorkload, planInjection, planRemoval } from './plan.ts';
import { say } from './say.ts';
import { UsageError } from './usage-error.ts';

export interface RewriteOptions extends InputOptions {
  /** Into the files themselves. */
  readonly write?: boolean;
  /** Print what is refused as it is. */
  readonly keepGoing?: boolean;
}

export async function runInject(options: RewriteOptions & JudgingOptions): Promise<number> {
  checkUsage(options);
  const context = await openContext(options);
  return rewrite(options, (gathered) =>
    changeFiles(gathered, isWorkload, (located) => planInjection(located, context), 'injected'),
  );
}

export async function runUninject(options: RewriteOptions): Promise<number> {
  checkUsage(options);
  return rewrite(options, (gathered) => changeFiles(gathered, isStatefulSet, planRemoval, 'injection removed'));
}

function checkUsage({ write, filename }: RewriteOptions): void {
  if (write && filename.includes('-')) throw new UsageError('--write has no file to write where -f is standard input');
}

/** All or nothing: half of the manifests must not look like all of them. */
async function rewrite(options: RewriteOptions, change: (gathered: Gathered) => Changed): Promise<number> {
  const gathered = await gather(options);
  for (const problem of gathered.problems) say(formatProblem(problem));
  const { files, refused } = change(gathered);
  if (gathered.problems.length > 0 || (refused && !options.keepGoing)) {
    say('Nothing was written.');
    return EXIT.failed;
  }
  if (options.write) await writeBack(files);
  else process.stdout.write(join(files.map(({ text }) => text)));
  return refused ? EXIT.failed : EXIT.ok;
}

/** One text as it is; several as one stream of documents. */
function join(texts: readonly string[]): string {
  if (texts.length === 1) return texts[0] ?? '';
  const documents = texts.map((text) => text.replace(/^\uFEFF/, '')).filter((text) => text.trim() !== '');
  return documents
    .map((text) => `${text.startsWith('---') ? '' : '---\n'}${text}${text.endsWith('\n') ? '' : '\n'}`)
    .join('');
}

async function writeBack(files: readonly ChangedFile[]): Promise<void> {
  for (const { file, text } of files) {
    if (text !== file.text) await replaceFile(await realpath(file.file), text);
  }
}

/** Whoever reads it meanwhile sees the old text or the new one, never a part. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { mode: (await stat(path)).mode, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
