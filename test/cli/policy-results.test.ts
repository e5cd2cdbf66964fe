// What the command line says of BackupPolicies: those among the manifests, and those by which it judges.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { PROTECTED, stream } from './manifests.ts';
import { reportOf, runByOwnPolicies, runOffline, writeFiles } from './offline.ts';

const GOOD = `apiVersion: walguard.dev/v1alpha1
kind: BackupPolicy
metadata:
  name: gold
spec:
  storage: {s3: {prefix: s3://backups, credentialsSecret: login}}
  baseBackup:
    schedule: "0 2 * * *"
`;
const WARNED = `${GOOD}  health: {interval: 30s}\n  drills:\n    - {name: weekly, schedule: "0 2 * * 0"}\n`;
const TORN = GOOD.replace('0 2 * * *', '0 2 * * 7');

test('a good policy among the manifests: nothing is said of it', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': stream(GOOD, PROTECTED) });
  const result = await runByOwnPolicies('check', '-f', directory);
  assert.equal(result.result, EXIT.ok);
  assert.doesNotMatch(result.stdout + reportOf(result), /gold/);
});

test('a policy that is only warned of: exit 0, and each warning with its line on stderr', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': WARNED });
  const result = await runByOwnPolicies('check', '-f', directory);
  assert.equal(result.result, EXIT.ok);
  assert.equal(result.stdout, '');
  const lines = reportOf(result).replaceAll(directory, '').split('\n');
  assert.match(
    lines[0] ?? '',
    /^\/in\.yaml:9: BackupPolicy "gold": not-carried-out: spec\.health is not carried out yet/,
  );
  assert.match(
    lines[1] ?? '',
    /^\/in\.yaml:11: BackupPolicy "gold": schedules-overlap: .*, next at \d{4}-\d\d-\d\dT02:00Z\. /,
  );
});

test('a policy that is denied: a result of its own, exit 1, with the line of its field', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': stream(PROTECTED, TORN) });
  const json = await runByOwnPolicies('check', '-f', directory, '-o', 'json');
  assert.equal(json.result, EXIT.failed);
  const [policy, database] = JSON.parse(json.stdout).results;
  assert.deepEqual(
    [policy.kind, policy.name, policy.verdict, policy.namespace],
    ['BackupPolicy', 'gold', 'refused', null],
  );
  assert.deepEqual(policy.reasons, [
    {
      code: 'schedule-invalid',
      field: 'spec.baseBackup.schedule',
      seen: '"0 2 * * 7", whose day of the week "7" is above 6',
      remedy: 'Write 0 or SUN for Sunday.',
    },
  ]);
  assert.deepEqual([database.kind, database.verdict], ['StatefulSet', 'protected']);
  const sarif = await runByOwnPolicies('check', '-f', directory, '-o', 'sarif');
  const [{ locations, level }] = JSON.parse(sarif.stdout).runs[0].results;
  const line =
    stream(PROTECTED, TORN)
      .split('\n')
      .findIndex((text) => text.includes('* 7')) + 1;
  assert.deepEqual([level, locations[0].physicalLocation.region.startLine], ['error', line]);
  assert.match(json.stderr, /^2 objects: 1 protected, 1 refused$/m);
});

test('a policy with nothing in it, or with a word for a spec, is refused and stops nothing', async (context) => {
  const files = { 'a.yaml': 'kind: BackupPolicy\n', 'b.yaml': 'kind: BackupPolicy\nspec: all\n', 'c.yaml': PROTECTED };
  const directory = await writeFiles(context, files);
  const { result, stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'json');
  assert.equal(result, EXIT.failed);
  const verdicts = JSON.parse(stdout).results.map((each: { verdict: string }) => each.verdict);
  assert.deepEqual(verdicts, ['refused', 'refused', 'protected']);
});

test('--policies: a policy that is wrong is said with file, line and remedy, and refuses those who name it', async (context) => {
  const policies = await writeFiles(context, { 'torn.yaml': TORN, 'good.yaml': GOOD.replace('gold', 'standard') });
  const directory = await writeFiles(context, { 'in.yaml': PROTECTED });
  const args = ['check', '-f', directory, '--policies', policies] as const;
  const unconcerned = await runOffline(...args);
  assert.equal(unconcerned.result, EXIT.ok);
  const said = unconcerned.stderr.replaceAll(policies, '').split('\n');
  assert.equal(
    said[0],
    '/torn.yaml:8: BackupPolicy "gold": schedule-invalid: spec.baseBackup.schedule is "0 2 * * 7", whose day of the week "7" is above 6. Write 0 or SUN for Sunday.',
  );
  const changed = await writeFiles(context, { 'in.yaml': PROTECTED.replace('policy: standard', 'policy: gold') });
  const concerned = await runOffline('check', '-f', changed, '--policies', policies, '-o', 'json');
  assert.equal(concerned.result, EXIT.failed);
  const [{ reasons }] = JSON.parse(concerned.stdout).results;
  assert.deepEqual(
    reasons.map(({ code, field }: { code: string; field: string }) => `${code} ${field}`),
    ['schedule-invalid BackupPolicy/gold spec.baseBackup.schedule'],
  );
});
