// Evidence for tests: a drill that passed, whatever the test says differently, and chains of signed records.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { EvidenceRecord, SignedEvidence } from '../../src/api/evidence.ts';
import { type Chain, judgeRecords, type SealedRecord } from '../../src/lib/evidence/judged.ts';
import { toStableJson } from '../../src/lib/json.ts';
import { digestRecord, signRecord, verifySigned } from '../../src/tools/evidence.ts';

/** The same one for the same words, so that signatures in golden files stay as they are. */
export function keyOf(words: string): KeyObject {
  const seed = createHash('sha256').update(words).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

export function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
}

export function buildRecord(changes: Partial<EvidenceRecord> = {}): EvidenceRecord {
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Evidence',
    id: '20261121T021342Z-orders-0-weekly',
    what: 'drill',
    name: 'weekly',
    requestedBy: 'schedule',
    database: {
      namespace: 'shop',
      name: 'orders',
      instance: 'orders-0',
      systemIdentifier: '7710543307137138721',
      storagePrefix: 's3://backups/shop/orders/15/7710543307137138721',
    },
    policy: 'standard',
    target: { asked: 'latest', resolved: { latest: true } },
    outcome: 'passed',
    message: 'the newest backup came back, and every check passed',
    startedAt: '2026-11-21T02:10:00.000Z',
    finishedAt: '2026-11-21T02:13:42.000Z',
    phases: [
      {
        name: 'fetch',
        startedAt: '2026-11-21T02:10:02.000Z',
        seconds: 48.2,
        bytes: 1_288_490_188,
        command: 'walrus backup-fetch /restored base_000000010000000000000042',
      },
      { name: 'start', startedAt: '2026-11-21T02:10:50.200Z', seconds: 1.8 },
      { name: 'replay', startedAt: '2026-11-21T02:10:52.000Z', seconds: 96.5, bytes: 318_767_104 },
      { name: 'checks', startedAt: '2026-11-21T02:12:28.500Z', seconds: 71.3 },
    ],
    recovery: {
      baseBackup: 'base_000000010000000000000042',
      lastTransactionAt: '2026-11-21T02:09:48.500Z',
      rtoSeconds: 146.5,
      achievedRpoSeconds: 11.5,
    },
    objectives: { rtoSeconds: 900, rpoSeconds: 300 },
    checks: [
      { name: 'control-file', result: 'passed', seen: 'in production, timeline 2', seconds: 0.1 },
      { name: 'checksums', result: 'skipped', seen: 'data checksums are not enabled in this cluster', seconds: 0 },
      { name: 'amcheck', result: 'passed', seen: '214 indexes, 96 heaps: no finding', seconds: 58.4 },
      { name: 'rows', result: 'passed', expected: '1204118', seen: '1204118', seconds: 2.2 },
      { name: 'sql:orders-are-recent', result: 'passed', expected: 't', seen: 't', seconds: 0.1 },
    ],
    versions: {
      walguard: '0.1.0',
      engine: 'walrus 0.4.1',
      postgres: '15.18',
      image: 'docker.io/library/postgres:15.18@sha256:5c9f0e2d',
      digests: { engine: 'e'.repeat(64), postgres: '9'.repeat(64) },
    },
    ...changes,
  };
}

/** Each follows the one before; ids are an hour apart. @param changes one record for each */
export function buildChain(
  changes: readonly Partial<EvidenceRecord>[],
  key: KeyObject | undefined = keyOf('the test'),
): SignedEvidence[] {
  let previous: string | undefined;
  return changes.map((each, index) => {
    const hour = String(index).padStart(2, '0');
    const link = previous === undefined ? {} : { previous };
    const text = toStableJson(buildRecord({ id: `20261121T${hour}1342Z-orders-0-weekly`, ...link, ...each }));
    previous = digestRecord(text);
    return signRecord(text, key);
  });
}

export function sealOf(signed: SignedEvidence, trusted: readonly string[] = []): SealedRecord {
  const record = JSON.parse(signed.record) as EvidenceRecord;
  return { signed, record, sha256: digestRecord(signed.record), ...verifySigned(signed, trusted) };
}

export function judge(signed: readonly SignedEvidence[]): Chain[] {
  return judgeRecords(signed.map((each) => sealOf(each)));
}
