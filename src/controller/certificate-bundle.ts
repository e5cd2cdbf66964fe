// The PEM text of the authorities that the API server is told to trust. Room: controller (door).
import { readCertificate } from './certificate-judge.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Its certificates, in their order; whatever else stands in the text is left out. */
export function splitBundle(text: string): string[] {
  return (text.match(BLOCK) ?? []).filter((pem) => readCertificate(pem) !== undefined);
}

/** By their content: line ends and comments make no difference. */
export function holdsAll(bundle: string, authorities: string): boolean {
  const held = new Set(splitBundle(bundle).map(fingerprint));
  return splitBundle(authorities).every((pem) => held.has(fingerprint(pem)));
}

/**
 * Those of `authorities`, then those of `older` that are not among them and have not ended. The same input gives the same
 * bytes, and joining twice gives what joining once does.
 */
export function joinBundles(authorities: string, older: readonly string[], now: Date): string {
  const joined = new Map(splitBundle(authorities).map((pem) => [fingerprint(pem), pem]));
  for (const pem of older.flatMap(splitBundle)) {
    const cert = readCertificate(pem);
    if (cert && cert.validToDate >= now && !joined.has(cert.fingerprint256)) joined.set(cert.fingerprint256, pem);
  }
  return [...joined.values()].join('\n');
}

function fingerprint(pem: string): string {
  return readCertificate(pem)?.fingerprint256 ?? '';
}
