import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReason } from '../../src/lib/reason.ts';

test('a reason reads as code, field, what was seen, and what to do', () => {
  const reason = { code: 'data-not-a-claim', field: 'spec.volumes', seen: 'emptyDir', remedy: 'Use a claim.' };
  assert.equal(formatReason(reason), 'data-not-a-claim: spec.volumes is emptyDir. Use a claim.');
});
