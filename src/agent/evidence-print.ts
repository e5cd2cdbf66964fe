// `walguard agent evidence`: all records of the database as JSON lines on stdout, for the command line, which runs it in the
// sidecar. Nothing else is written to stdout. Room: agent (door).
import { EXIT } from '../api/names.ts';
import { readContext } from './context.ts';
import { listEvidence, placeEvidence, readEvidence } from './evidence-store.ts';
import { requireCredentials } from './storage.ts';

const TIMEOUT_MS = 600_000;

/** @returns an exit code: failed where a file is no record; the others are printed all the same */
export async function printEvidence(env: NodeJS.ProcessEnv, stop: AbortSignal): Promise<number> {
  const context = readContext('evidence', env);
  const { namespace, database: name } = context;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  const place = placeEvidence(context, { namespace, name }, await requireCredentials(), signal);
  let code: number = EXIT.ok;
  for (const file of await listEvidence(place)) {
    signal.throwIfAborted();
    const signed = await readEvidence(place, file);
    if ('value' in signed) process.stdout.write(`${JSON.stringify(signed.value)}\n`);
    else {
      process.stderr.write(`walguard: ${place.prefix}/${file.name}.json: ${signed.problem}\n`);
      code = EXIT.failed;
    }
  }
  // The process ends right after this, and a pipe takes its time.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  return code;
}
