// What the demo prints at its end. Every figure was measured in this run.
import type { Lost, Placement, Rehearsed, Restored, Written } from './story.ts';

export interface Report {
  readonly refusal: string;
  /** Unified diff. */
  readonly injected: string;
  readonly placement: Placement;
  readonly rehearsed: Rehearsed;
  readonly written: Written;
  readonly lost: Lost;
  readonly restored: Restored;
  readonly totalSeconds: number;
}

/** Seconds of committed work that the restore did not bring back, seen from the disaster: drop minus newest row restored. */
function rpoSeconds({ lost, restored }: Report): number {
  return (Date.parse(lost.droppedAt) - Date.parse(restored.lastCommit)) / 1000;
}

export function formatSummary(report: Report): { text: string; ok: boolean } {
  const { written, restored } = report;
  const ok = restored.rows === written.rows && restored.checksum === written.checksum && written.rows > 0;
  const figures = `rows=${restored.rows} rpo=${rpoSeconds(report).toFixed(1)}s rto=${restored.rtoSeconds.toFixed(1)}s`;
  return {
    ok,
    text: ok
      ? `DEMO OK ${figures}`
      : `DEMO FAILED expected rows=${written.rows} checksum=${written.checksum}, got ${figures}`,
  };
}

export function formatReport(report: Report): string {
  const { placement, rehearsed, written, lost, restored, injected } = report;
  return `
What walguard added to the StatefulSet (stored in its template, so it holds while walguard is away):

${injected.trimEnd().replaceAll(/^/gm, '    ')}

Where things ran
    database      ${placement.databaseNode}
    base backup   ${placement.backupNode}   (${placement.backup}; the claim is ReadWriteOnce)
    restored      ${restored.node}

Proven before it was needed
    drill passed         the copy took writes after ${rehearsed.rtoSeconds.toFixed(1)} s
    Protected            ${rehearsed.protectedBecause}

What was lost, and what came back
    last row committed   ${written.lastCommit}
    table dropped        ${lost.droppedAt}
    restored to          ${lost.target}
    rows                 ${restored.rows} of ${written.rows}, checksum ${restored.checksum === written.checksum ? 'equal' : 'DIFFERENT'}
    RPO                  ${rpoSeconds(report).toFixed(1)} s from the newest restored row to the drop
    RTO                  ${restored.rtoSeconds.toFixed(1)} s from the command to the counted rows
    whole demo           ${report.totalSeconds.toFixed(0)} s

`;
}
