import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRefusal } from '../../src/lib/refusal.ts';

test('a refusal reads as code, field, what was seen, and what to do', () => {
  const refusal = { code: 'data-not-a-claim', field: 'spec.volumes', seen: 'emptyDir', remedy: 'Use a claim.' };
  assert.equal(formatRefusal(refusal), 'data-not-a-claim: spec.volumes is emptyDir. Use a claim.');
});
