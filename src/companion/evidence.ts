// The key that signs evidence: its Secret, and how a job gets it. Room: companion (pure).
import type { KubeObject, Volume } from '../api/kubernetes.ts';
import {
  EVIDENCE_KEY_FOLDER,
  EVIDENCE_PRIVATE_KEY,
  EVIDENCE_PUBLIC_KEY,
  EVIDENCE_SECRET,
  LABEL,
} from '../api/names.ts';
import { cloneJson } from '../lib/json.ts';

export interface EvidenceSecret extends KubeObject {
  readonly type: 'Opaque';
  readonly stringData: Readonly<Record<string, string>>;
}

/** Without an owner: a key that went with its database would leave records that nobody can tell from others' any more. */
export function buildEvidenceSecret(
  namespace: string,
  { privateKey, publicKey }: { readonly privateKey: string; readonly publicKey: string },
): EvidenceSecret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: EVIDENCE_SECRET,
      namespace,
      labels: { 'app.kubernetes.io/name': 'walguard', [LABEL.managedBy]: 'walguard' },
    },
    type: 'Opaque',
    stringData: { [EVIDENCE_PRIVATE_KEY]: privateKey, [EVIDENCE_PUBLIC_KEY]: publicKey },
  };
}

/**
 * For the storage volume of a job that writes evidence, and never for the sidecar's: who gets into a database's pod must not be able
 * to sign. Optional, as all in that volume: what cannot be signed is written unsigned, and said.
 */
export function withEvidenceKey(storage: Volume): Volume {
  const { sources = [], ...projected } = cloneJson(storage.projected ?? {}) as { sources?: unknown[] };
  const key = {
    name: EVIDENCE_SECRET,
    optional: true,
    items: [{ key: EVIDENCE_PRIVATE_KEY, path: `${EVIDENCE_KEY_FOLDER}/${EVIDENCE_PRIVATE_KEY}` }],
  };
  return { ...storage, projected: { ...projected, sources: [...sources, { secret: key }] } };
}
