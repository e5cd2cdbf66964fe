// SARIF 2.1.0, as code hosts read it: each reason at the line of the field that it names. Room: cli (door).
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatReason, type Reason } from '../lib/reason.ts';
import type { Problem } from '../manifest/problem.ts';
import { FAILING, type Judged } from './result.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

export function formatSarif(judged: readonly Judged[], problems: readonly Problem[], version: string): string {
  const found = judged.flatMap(({ result, findLine, warnings = [] }) => [
    ...result.reasons.map((reason) => ({
      result,
      reason,
      line: findLine(reason.field),
      // What makes the command fail must fail whoever reads only levels, too.
      level: FAILING.has(result.verdict) ? 'error' : 'note',
    })),
    ...warnings.map((reason) => ({ result, reason, line: findLine(reason.field), level: 'warning' })),
  ]);
  const codes = [...new Set(found.map(({ reason }) => reason.code))].sort();
  const run = {
    tool: {
      driver: {
        name: 'walguard',
        version,
        rules: codes.map((id) => ({ id, shortDescription: { text: id.replaceAll('-', ' ') } })),
      },
    },
    invocations: [
      {
        executionSuccessful: problems.length === 0,
        toolExecutionNotifications: problems.map((problem) => ({
          level: 'error',
          message: { text: `${problem.message}. ${problem.remedy}` },
          locations: [locate(problem.file, problem.line)],
        })),
      },
    ],
    results: found.map(({ result, reason, line, level }) => ({
      ruleId: reason.code,
      ruleIndex: codes.indexOf(reason.code),
      level,
      message: { text: describe(result.kind, result.name, reason) },
      locations: [locate(result.file, line)],
    })),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

function describe(kind: string, name: string, reason: Reason): string {
  return `${kind} "${name}": ${formatReason(reason)}`;
}

function locate(file: string, line = 1): object {
  return { physicalLocation: { artifactLocation: { uri: toUri(file) }, region: { startLine: line } } };
}

function toUri(file: string): string {
  if (file === '-') return 'stdin';
  return isAbsolute(file) ? pathToFileURL(file).href : encodeURI(file.replaceAll('\\', '/'));
}
