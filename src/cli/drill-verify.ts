// `walguard drill verify-report`: are these records as they were signed, and are they all there? Needs no cluster.
// Room: cli (door).
import { EXIT } from '../api/names.ts';
import { describeSubject } from '../lib/evidence/figures.ts';
import { type Chain, judgeRecords, listFlaws, SEAL_WORDS, type SealedRecord } from '../lib/evidence/judged.ts';
import { renderEvidencePage } from '../lib/evidence/page.ts';
import { describeChain } from '../lib/evidence/text.ts';
import { toPrintableLine } from '../lib/printable.ts';
import { type EvidenceFile, readEvidenceFiles, readTrusted, sealRecord } from './evidence-input.ts';
import { say } from './say.ts';

export interface VerifyOptions {
  readonly publicKey: readonly string[];
}

/** @param version of this walguard: a page of another one has other words */
export async function runVerifyReport(
  paths: readonly string[],
  options: VerifyOptions,
  version: string,
): Promise<number> {
  const trusted = await readTrusted(options.publicKey);
  const { files, problems } = await readEvidenceFiles(paths);
  const lines: string[] = [];
  let wrong = problems.length;
  const add = (isGood: boolean, line: string) => {
    if (!isGood) wrong++;
    lines.push(`${isGood ? 'ok    ' : 'WRONG '} ${toPrintableLine(line)}`);
  };
  for (const problem of problems) say(toPrintableLine(problem));
  for (const [place, group] of Map.groupBy(files, (file) => file.place)) {
    const sealed = group.flatMap((file) => checkFile(file, trusted, add));
    for (const file of group) checkWords(file, version, add);
    for (const chain of judgeRecords(sealed)) checkChain(place, chain, trusted.length > 0, add);
  }
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (files.length > 0) say(CHAIN_LIMIT);
  if (files.length > 0 && trusted.length === 0) say(NO_ANCHOR);
  say(wrong === 0 ? 'nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`);
  return wrong === 0 ? EXIT.ok : EXIT.failed;
}

const NO_ANCHOR =
  'No --public-key was given: the keys are those in the files themselves. They show that nothing was altered since it was signed, not who signed it. Compare the SHA-256 with that of the key you know, or name it by --public-key.';

const CHAIN_LIMIT =
  'What no chain shows: a newest record that was taken away before another followed it. Compare the last id with what you know of the last drill.';

type Add = (isGood: boolean, line: string) => void;

function checkFile({ file, extract }: EvidenceFile, trusted: readonly string[], add: Add): SealedRecord[] {
  if (extract.entries.length === 0) add(false, `${file}: there are no records in it`);
  return extract.entries.flatMap((entry) => {
    const sealed = 'value' in entry ? sealRecord(entry.value, trusted) : entry;
    if ('problem' in sealed) {
      add(false, `${file}: ${sealed.problem}`);
      return [];
    }
    const { record, seal, fingerprint } = sealed;
    const key = fingerprint === undefined ? '' : ` (key with SHA-256 ${fingerprint})`;
    add(
      seal === 'good',
      `${file}: ${record.id}: ${describeSubject(record)}: ${record.outcome}: ${SEAL_WORDS[seal]}${key}`,
    );
    return [sealed];
  });
}

function checkChain(place: string, chain: Chain, isAnchored: boolean, add: Add): void {
  const { namespace, database, records } = chain;
  const [oldest, newest] = [records[0], records.at(-1)];
  const earlier = oldest?.joint.kind === 'continues' ? ', and earlier records are not among these' : '';
  const ends = `from ${oldest?.record.id} to ${newest?.record.id}${earlier}`;
  const flaws = listFlaws(chain, isAnchored);
  const title = `${place}: ${namespace}/${database}: ${describeChain(chain, isAnchored)}, ${ends}`;
  add(flaws.length === 0, flaws.length === 0 ? title : `${title}: ${flaws.join('; ')}`);
}

/** The words of a page are not signed; but they follow from its records, so they can be made again and compared. */
function checkWords(
  { file, text, extract: { report, isPage, entries } }: EvidenceFile,
  version: string,
  add: Add,
): void {
  if (!isPage || !report) return;
  const sealed = entries.flatMap((entry) => {
    const each = 'value' in entry ? sealRecord(entry.value, []) : entry;
    return 'problem' in each ? [] : [each];
  });
  const made = renderEvidencePage(report, judgeRecords(sealed));
  if (toPlainLines(made) === toPlainLines(text)) {
    add(true, `${file}: the page says what its records say`);
    return;
  }
  const why =
    report.walguard === version
      ? 'it was changed since'
      : `it was changed since, or only made by another version (${report.walguard}, and this is ${version})`;
  add(
    false,
    `${file}: the page is not what its records give: ${why}. Read it anew: drill report --records FILE -o html`,
  );
}

/** On its way through mail and editors a file may get other line ends. */
function toPlainLines(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .replaceAll('\r\n', '\n')
    .trim();
}
