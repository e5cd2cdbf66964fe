import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inject } from '../../src/inject/inject.ts';
import { readInjectedStorage } from '../../src/inject/storage-env.ts';
import { strip } from '../../src/inject/strip.ts';
import { CASES } from '../support/cases.ts';
import { IMAGE, SETTINGS } from '../support/workloads.ts';

const STORAGES = {
  'a bucket of AWS': {
    prefix: 's3://a-bucket',
    region: 'eu-central-1',
    forcePathStyle: false,
    credentialsSecret: 'own',
  },
  'another server': {
    prefix: 's3://walguard/deep',
    endpoint: 'http://store.test:7070',
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsSecret: 'walguard-storage',
  },
};

for (const [name, storage] of Object.entries(STORAGES)) {
  test(`what injection wrote of ${name} is read back from every shape`, () => {
    for (const [shape, build] of Object.entries(CASES)) {
      const injection = inject(build(), { ...SETTINGS, storage }, IMAGE);
      assert.ok(injection.kind === 'injected', shape);
      assert.deepEqual(readInjectedStorage(injection.workload), storage, shape);
      assert.equal(readInjectedStorage(strip(injection.workload)), undefined);
    }
  });
}
