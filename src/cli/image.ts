// The image that is injected when nobody says another: the chart's. Room: cli (door).

/** `image.repository` of the chart; a test compares them. */
const REPOSITORY = 'ghcr.io/walguard/walguard';

export function defaultImage(version: string): string {
  return `${REPOSITORY}:${version}`;
}
