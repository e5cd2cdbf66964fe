// What the chart fills into a policy without storage, as the README installs it: the object store beside walguard.
// Room: policy (pure).
import type { BackupPolicySpec } from '../api/backup-policy.ts';

/** `test/chart/default-storage.test.ts` compares it with what the chart renders. */
export const DEFAULT_STORAGE: BackupPolicySpec['storage'] = {
  s3: {
    prefix: 's3://walguard',
    endpoint: 'http://walguard-object-store.walguard-system.svc:7070',
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsSecret: 'walguard-storage',
  },
};
