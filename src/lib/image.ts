// Container image references. Room: lib (pure).

export interface ImageReference {
  /** Last part of the repository, such as `postgres` of `registry.example:5000/library/postgres:15`. */
  readonly name: string;
  /** Everything before the tag and digest. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits a reference; a port in the registry is not mistaken for a tag. */
export function parseImage(reference: string): ImageReference {
  const [withoutDigest = '', digest] = reference.trim().split('@', 2);
  const lastSlash = withoutDigest.lastIndexOf('/');
  const colon = withoutDigest.indexOf(':', lastSlash + 1);
  const repository = colon < 0 ? withoutDigest : withoutDigest.slice(0, colon);
  return {
    repository,
    name: repository.slice(repository.lastIndexOf('/') + 1),
    ...(colon < 0 ? {} : { tag: withoutDigest.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}
