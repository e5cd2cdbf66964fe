// YAML as goldens have it: no line is folded, nothing is abbreviated, undefined is left out.
import { stringify } from 'yaml';

export function toYaml(value: unknown): string {
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0, aliasDuplicateObjects: false });
}
