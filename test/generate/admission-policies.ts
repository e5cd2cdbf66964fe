// The chart's copies of policies/admission/: Helm reads no file outside its chart.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GeneratedFiles, HEADER, ROOT } from './files.ts';

export function buildChartAdmissionPolicies(): GeneratedFiles {
  const folder = join(ROOT, 'policies', 'admission');
  return new Map(
    readdirSync(folder).map((name) => [
      `chart/files/admission/${name}`,
      HEADER + readFileSync(join(folder, name), 'utf8'),
    ]),
  );
}
