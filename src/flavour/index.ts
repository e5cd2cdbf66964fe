// The list of flavours; the first that matches wins. Patroni first: it runs in images of every family. Room: flavour (pure).
import { bitnami } from './bitnami.ts';
import { dockerLibrary } from './docker-library.ts';
import type { Flavour } from './flavour.ts';
import { patroni } from './patroni.ts';

export const FLAVOURS: readonly Flavour[] = [patroni, bitnami, dockerLibrary];
