// Images that run Postgres in a way of their own, which no flavour covers. Room: flavour (pure).
// Source: the Dockerfiles and entrypoints of these images.
import type { Container } from '../api/kubernetes.ts';
import { parseImage } from '../lib/image.ts';

export interface Stranger {
  readonly repository: RegExp;
  /** Continues "an image that". */
  readonly why: string;
  /** What runs Postgres there has the last word on its settings, so that nobody else can pass them. */
  readonly isRuled?: true;
}

const STRANGERS: readonly Stranger[] = [
  {
    repository: /(^|\/)stolon$/,
    why: 'is run by Stolon, which keeps the settings in its own cluster specification',
    isRuled: true,
  },
  {
    repository: /(^|\/)postdock\//,
    why: 'is run by repmgr, which moves the primary between pods',
    isRuled: true,
  },
  { repository: /(^|\/)kartoza\//, why: 'does not hand arguments on to Postgres' },
  { repository: /(^|\/)sourcegraph\//, why: 'does not hand arguments on to Postgres' },
  { repository: /(^|\/)sameersbn\//, why: 'splits its arguments at blanks' },
  {
    repository: /(^|\/)(sclorg|fedora|centos\d*|rhel\d+|rhscl|openshift)\/postgresql/,
    why: 'starts Postgres by a script of its own',
  },
  { repository: /(^|\/)crunchy-postgres/, why: "is started by Crunchy's own scripts" },
  { repository: /(^|\/)cloudnative-pg\//, why: 'is made for the CloudNativePG operator', isRuled: true },
  { repository: /(^|\/)(chainguard|cgr\.dev\/.+)\/postgres/, why: 'starts Postgres by a script of its own' },
  { repository: /(^|\/)ubuntu\/postgres/, why: 'starts Postgres by a script of its own' },
  { repository: /(^|\/)postgrespro\//, why: 'starts Postgres by a script of its own' },
];

/** Undefined for any image that is no known stranger. */
export function findStranger({ image }: Container): Stranger | undefined {
  const { repository } = parseImage(image ?? '');
  return STRANGERS.find((stranger) => stranger.repository.test(repository));
}
