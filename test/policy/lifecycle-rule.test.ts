import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offerLifecycleRule } from '../../src/policy/lifecycle-rule.ts';

const BUCKET = { region: 'us-east-1', forcePathStyle: false, credentialsSecret: 'login' };

/** | prefix | what the policy says | bucket | filter | rule | */
const ROWS = [
  [
    's3://backups',
    { abortMultipartAfterDays: 7 },
    'backups',
    '',
    { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
  ],
  [
    's3://backups/pg/all',
    { abortMultipartAfterDays: 3, expireAfterDays: 90 },
    'backups',
    'pg/all/',
    { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 }, Expiration: { Days: 90 } },
  ],
] as const;

for (const [prefix, lifecycleRule, bucket, filter, does] of ROWS) {
  test(`the rule for ${prefix} is limited to what lies there`, () => {
    const [, named, json = ''] =
      /--bucket (\S+) --lifecycle-configuration '(.*)'$/.exec(
        offerLifecycleRule({ ...BUCKET, prefix, lifecycleRule }),
      ) ?? [];
    assert.equal(named, bucket);
    const rule = { ID: 'walguard', Status: 'Enabled', Filter: { Prefix: filter }, ...does };
    assert.deepEqual(JSON.parse(json), { Rules: [rule] });
  });
}
