// What went wrong before a command came to look at anything: its own words, and its exit code. Room: cli (door).
import { EXIT } from '../api/names.ts';
import { InputError } from '../manifest/problem.ts';
import { NoEvidenceError } from './no-evidence-error.ts';
import { UnreachableError } from './policies.ts';
import { say } from './say.ts';
import { UsageError } from './usage-error.ts';

export async function orExplain(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    say((error as Error).message);
    return code;
  }
}

function codeOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InputError) return EXIT.failed;
  if (error instanceof UnreachableError) return EXIT.unreachable;
  return error instanceof NoEvidenceError ? error.code : undefined;
}
