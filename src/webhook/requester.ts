// Who asked for a Restore: Kubernetes keeps no such word, so it is written on the Restore when it is made. Room: webhook (door).
import { REQUESTED_BY_ANNOTATION } from '../api/names.ts';
import { isObject } from '../lib/json.ts';
import type { Envelope } from './envelope.ts';
import { diffJson } from './patch.ts';
import type { Answer } from './response.ts';

/**
 * What the object itself says is never believed.
 *
 * | operation | the annotation becomes                          |
 * | CREATE    | the user of the request; none where that is not told |
 * | UPDATE    | what it was, or none                            |
 */
export function answerRequester({ uid, request }: Envelope): Answer {
  const { operation, object, oldObject, userInfo } = request;
  if (!isObject(object) || !isObject(object.metadata)) throw new Error('the review holds no Restore');
  const name =
    operation === 'CREATE'
      ? readText(isObject(userInfo) ? userInfo.username : undefined)
      : readText(annotationsOf(oldObject)?.[REQUESTED_BY_ANNOTATION]);
  const before = annotationsOf(object);
  const { [REQUESTED_BY_ANNOTATION]: _said, ...others } = before ?? {};
  const after = name === undefined ? before && others : { ...others, [REQUESTED_BY_ANNOTATION]: name };
  const path = '/metadata/annotations';
  const patch =
    before === undefined && after !== undefined ? [{ op: 'add', path, value: after }] : diffJson(before, after, path);
  const response = { uid, allowed: true, auditAnnotations: { verdict: name === undefined ? 'unknown' : 'named' } };
  if (patch.length === 0) return { code: 'unchanged', response };
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  return { code: 'patched', response: { ...response, patchType: 'JSONPatch', patch: encoded } };
}

function annotationsOf(object: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(object) || !isObject(object.metadata)) return undefined;
  return isObject(object.metadata.annotations) ? object.metadata.annotations : undefined;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
