// The list of flavours; the first that matches wins. Room: flavour (pure).
import { dockerLibrary } from './docker-library.ts';
import type { Flavour } from './flavour.ts';

export const FLAVOURS: readonly Flavour[] = [dockerLibrary];
