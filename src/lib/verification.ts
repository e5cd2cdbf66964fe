// Does the store have what it takes to restore, and all that Postgres was told it has? Room: lib (pure).
import type { Inventory, Verification } from '../api/protected-database.ts';
import { judgeBackups } from './good-backups.ts';
import type { RetentionRules } from './retention.ts';
import type { StoreContents } from './store-contents.ts';
import { findArchiveFlaws } from './verification/archive.ts';
import { findBackupFlaws } from './verification/backups.ts';
import type { Facts, Finding, Server } from './verification/facts.ts';
import { findGaps, findRebase } from './verification/gaps.ts';
import { buildInventory, listStretches } from './windows.ts';

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly inventory: Inventory;
  /** See VerifyReport. */
  readonly rebaseAfter?: string;
}

/** @param retention undefined where the policy has none: nothing is removed */
export function verifyStore(contents: StoreContents, server: Server, retention: RetentionRules | undefined): Verdict {
  const judged = judgeBackups(contents, server.systemIdentifier, server);
  const stretches = listStretches(contents, judged);
  const inventory = buildInventory(contents, judged);
  const facts: Facts = { contents, server, judged, stretches, inventory, retention };
  const rebaseAfter = findRebase(facts);
  const findings = [
    ...findGaps(facts),
    ...findArchiveFlaws(facts),
    ...findBackupFlaws(facts, rebaseAfter !== undefined),
  ];
  return { findings, inventory, ...(rebaseAfter === undefined ? {} : { rebaseAfter }) };
}

const MAX_MESSAGE = 320;

/** As many as fit into so many bytes of JSON, the rest by their number. */
export function capFindings(findings: readonly Finding[], maxBytes: number): Verification['findings'] {
  const short = findings.map(({ code, message }) => ({ code, message: message.slice(0, MAX_MESSAGE) }));
  const size = (list: readonly Finding[]) => new TextEncoder().encode(JSON.stringify(list)).byteLength;
  if (size(short) <= maxBytes) return short;
  const more = (count: number) => ({ code: 'more', message: `${count} more findings; the job's log has all of them` });
  let kept = short.length - 1;
  while (kept > 0 && size([...short.slice(0, kept), more(short.length - kept)]) > maxBytes) kept--;
  return [...short.slice(0, kept), more(short.length - kept)];
}
