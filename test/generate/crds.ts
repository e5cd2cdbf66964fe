// chart/crds: the CustomResourceDefinitions as files.
import { stringify } from 'yaml';
import { buildCrds } from '../../src/api/crds.ts';
import { type GeneratedFiles, HEADER } from './files.ts';

// Kubernetes reads YAML 1.1, where a bare `off` is a boolean.
const YAML = { version: '1.1', lineWidth: 120, aliasDuplicateObjects: false } as const;

export function buildCrdFiles(): GeneratedFiles {
  return new Map(
    buildCrds().map((crd) => [`chart/crds/${crd.metadata.name?.split('.')[0]}.yaml`, HEADER + stringify(crd, YAML)]),
  );
}
