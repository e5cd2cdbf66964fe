// The ready policies of the folder policies/, as they are read there; and the chart's copies of them.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { BackupPolicySpec } from '../../src/api/backup-policy.ts';
import { DEFAULT_STORAGE } from '../../src/policy/default-storage.ts';
import { type GeneratedFiles, HEADER, ROOT } from './files.ts';

export interface ReadyPolicy {
  /** File name without .yaml, and metadata.name. */
  readonly name: string;
  readonly text: string;
  /** The first line of the comment on top: whom it serves. */
  readonly serves: string;
  /** As it is in the file. */
  readonly ownSpec: Partial<BackupPolicySpec>;
  /** With the chart's storage where the file has none. */
  readonly spec: BackupPolicySpec;
}

const FOLDER = join(ROOT, 'policies');

export function listReadyPolicies(): readonly ReadyPolicy[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const { spec } = parse(text) as { readonly spec: Partial<BackupPolicySpec> };
      return {
        name: basename(file, '.yaml'),
        text,
        serves: /^# (.+)$/m.exec(text.split('\n', 1)[0] ?? '')?.[1] ?? '',
        ownSpec: spec,
        spec: { ...spec, storage: spec.storage ?? DEFAULT_STORAGE },
      };
    });
}

export function buildChartPolicies(): GeneratedFiles {
  return new Map(listReadyPolicies().map(({ name, text }) => [`chart/files/policies/${name}.yaml`, HEADER + text]));
}
