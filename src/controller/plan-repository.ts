// The repository volume of one database, and the S3 server in front of it. No I/O. Room: controller (door).
import {
  buildRepositoryClaim,
  buildRepositorySecret,
  buildRepositoryServer,
  buildRepositoryService,
} from '../companion/repository.ts';
import { repositoryOf } from '../policy/place.ts';
import type { Action } from './action.ts';
import { planApply } from './apply.ts';
import type { Planner } from './view.ts';

const SEQUENCE = 'repository';

/**
 * | the policy keeps backups | repository | its Service is as it should be | done                                |
 * | in a bucket              |            |                                | nothing                             |
 * | on a volume              | another's  |                                | nothing: who has it cares for it    |
 * | on a volume              | its own    | no                             | all of it is made, the Service last |
 * | on a volume              | its own    | yes                            | nothing                             |
 *
 * The Service is made last, and only after all before it, so it stands for all. Claim, Secret and server are created once and
 * never changed or deleted: a claim holds backups, a new key would lock them up, a new server would be a restart. Where
 * walguard may make no Secret, a person does; the server waits for it.
 */
export const planRepository: Planner = ({ subject: { workload, settings, image }, world }) => {
  const { storage } = settings;
  if (!('volume' in storage) || repositoryOf(workload) !== workload.metadata.name) return [];
  const service = planApply(buildRepositoryService(workload), world.companions);
  if (service.length === 0) return [];
  const steps: Action[] = [
    ...(world.makesSecrets ? [{ verb: 'mint' as const, object: buildRepositorySecret(workload) }] : []),
    { verb: 'create', object: buildRepositoryClaim(workload, storage) },
    { verb: 'create', object: buildRepositoryServer(workload, image) },
    ...service,
  ];
  return steps.map((step) => ({ ...step, sequence: SEQUENCE }));
};
