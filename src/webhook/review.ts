// Who answers which review, by its path. A review is always answered, whatever happens. Room: webhook (door).
import { policyOf } from '../policy/policy-of.ts';
import type { Envelope } from './envelope.ts';
import { answerPolicy, answerRestore } from './guards.ts';
import { answerRequester } from './requester.ts';
import { type Answer, answerFault } from './response.ts';
import type { ReviewContext } from './review-context.ts';
import { answerMutation, answerValidation, type Mode, parseReview } from './workload-review.ts';

export type { AdmissionResponse, Answer } from './response.ts';
export type { ReviewContext } from './review-context.ts';

export type Route = 'mutate' | 'requester' | Mode | 'policies' | 'restores';

/** What is asked, by the path of the request: the chart's webhook configurations call these. */
export const ROUTES: Readonly<Record<string, Route>> = {
  '/mutate': 'mutate',
  '/mutate/restores': 'requester',
  '/validate': 'enforce',
  '/validate/warn': 'warn',
  '/validate/audit': 'audit',
  '/validate/policies': 'policies',
  '/validate/restores': 'restores',
};

/** Never rejects. */
export async function answer(route: Route, envelope: Envelope, context: ReviewContext): Promise<Answer> {
  try {
    if (route === 'requester') return answerRequester(envelope);
    if (route === 'policies') return await answerPolicy(envelope, context);
    if (route === 'restores') return await answerRestore(envelope, context);
    return await answerWorkload(route, envelope, context);
  } catch (error) {
    return answerFault(envelope.uid, error as Error);
  }
}

async function answerWorkload(
  route: 'mutate' | Mode,
  { request }: Envelope,
  { policies, image, findDrills, now }: ReviewContext,
): Promise<Answer> {
  const review = parseReview({ request });
  if (!review) throw new Error('the review holds no StatefulSet');
  const { object: workload, oldObject } = review;
  const name = policyOf(workload);
  const time = now().toISOString();
  const drills = findDrills(review.namespace ?? '', workload.metadata.name ?? '');
  const input = {
    workload,
    old: oldObject ?? undefined,
    image,
    settings: name === undefined ? undefined : await policies.find(name),
    policyNames: policies.list().flatMap(({ metadata }) => metadata.name ?? []),
    today: time.slice(0, 10),
    drills: drills && { ...drills, now: time },
  };
  return route === 'mutate' ? answerMutation(review, input) : answerValidation(review, input, route);
}
