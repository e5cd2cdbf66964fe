import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { holdsAll, joinBundles, splitBundle } from '../../src/controller/certificate-bundle.ts';
import { mintAuthority } from '../../src/tools/mint-certificate.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const LONG_AGO = new Date('2006-11-21T10:00:00Z');
const made = await Promise.all([NOW, NOW, NOW, LONG_AGO].map((at) => mintAuthority(at)));
const [a = '', b = '', c = '', ended = ''] = made.map(({ cert }) => cert);

test('a bundle is its certificates, whatever else stands around them', () => {
  assert.deepEqual(splitBundle(`# ours\n${a}\n\nsubject: x\n${b}`), [a, b]);
  const broken = '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----';
  assert.deepEqual(splitBundle(`${broken}\n${a}`), [a]);
  assert.deepEqual(splitBundle('nothing'), []);
});

test('the new ones come first, none twice, and those that have ended are left out', () => {
  assert.equal(joinBundles(a, [`${b}\n${a}`, `${c}\n${b}\n${ended}`], NOW), [a, b, c].join('\n'));
  assert.equal(joinBundles(a, [], NOW), a);
  const otherLineEnds = a.replaceAll('\n', '\r\n');
  assert.equal(joinBundles(a, [otherLineEnds], NOW), a);
});

test('joining again changes nothing, and all that was asked for is held', () => {
  const texts = fc.array(fc.constantFrom(a, b, c, 'noise'), { maxLength: 5 }).map((all) => all.join('\n'));
  fc.assert(
    fc.property(texts, fc.array(texts, { maxLength: 3 }), (authorities, older) => {
      const joined = joinBundles(authorities, older, NOW);
      assert.equal(joinBundles(authorities, [joined], NOW), joined);
      assert.ok(holdsAll(joined, authorities));
      for (const each of older) assert.ok(holdsAll(joined, each));
    }),
  );
  assert.equal(holdsAll(a, `${a}\n${b}`), false);
});
