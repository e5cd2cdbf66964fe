import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageReference, parseImage } from '../../src/lib/image.ts';

const ROWS: Readonly<Record<string, ImageReference>> = {
  postgres: { repository: 'postgres', name: 'postgres' },
  'postgres:15': { repository: 'postgres', name: 'postgres', tag: '15' },
  'library/postgres:15.4-alpine': { repository: 'library/postgres', name: 'postgres', tag: '15.4-alpine' },
  'localhost:5000/postgres': { repository: 'localhost:5000/postgres', name: 'postgres' },
  'registry.example:5000/a/b/postgres:15': {
    repository: 'registry.example:5000/a/b/postgres',
    name: 'postgres',
    tag: '15',
  },
  'postgres@sha256:abc': { repository: 'postgres', name: 'postgres', digest: 'sha256:abc' },
  'registry.example:5000/postgres:15@sha256:abc': {
    repository: 'registry.example:5000/postgres',
    name: 'postgres',
    tag: '15',
    digest: 'sha256:abc',
  },
  ' postgres:15\n': { repository: 'postgres', name: 'postgres', tag: '15' },
  '': { repository: '', name: '' },
};

for (const [reference, expected] of Object.entries(ROWS)) {
  test(`image reference ${JSON.stringify(reference)}`, () => assert.deepEqual(parseImage(reference), expected));
}
