// The lifecycle rule that a policy offers for its bucket, as the command that sets it. Room: policy (pure).
import type { CompletePolicySpec } from '../api/backup-policy.ts';

type Bucket = NonNullable<CompletePolicySpec['storage']['s3']>;

/** Limited to what lies below the policy's prefix. A bucket has one configuration, so its other rules belong into it too. */
export function offerLifecycleRule({ prefix, lifecycleRule }: Bucket): string {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(prefix) ?? [];
  const { abortMultipartAfterDays, expireAfterDays } = lifecycleRule ?? {};
  const rule = {
    ID: 'walguard',
    Status: 'Enabled',
    Filter: { Prefix: path === '' ? '' : `${path}/` },
    ...(abortMultipartAfterDays === undefined
      ? {}
      : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortMultipartAfterDays } }),
    ...(expireAfterDays === undefined ? {} : { Expiration: { Days: expireAfterDays } }),
  };
  const json = JSON.stringify({ Rules: [rule] });
  return `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration '${json}'`;
}
