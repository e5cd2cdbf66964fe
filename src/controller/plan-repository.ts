// The repository volume of one database, and the S3 server in front of it. No I/O. Room: controller (door).
import {
  buildRepositoryClaim,
  buildRepositorySecret,
  buildRepositoryServer,
  buildRepositoryService,
} from '../companion/repository.ts';
import { repositoryOf } from '../policy/place.ts';
import { planApply } from './apply.ts';
import type { Planner } from './view.ts';

/**
 * | the policy keeps backups | repository | its Service is as it should be | done                                |
 * | in a bucket              |            |                                | nothing                             |
 * | on a volume              | another's  |                                | nothing: who has it cares for it    |
 * | on a volume              | its own    | no                             | all of it is made, the Service last |
 * | on a volume              | its own    | yes                            | nothing                             |
 *
 * The Service stands for all: it is the only one that is kept in memory. Claim, Secret and server are created once and never
 * changed or deleted: a claim holds backups, a new key would lock them up, a new server would be a restart.
 */
export const planRepository: Planner = ({ subject: { workload, settings, image }, world }) => {
  const { storage } = settings;
  if (!('volume' in storage) || repositoryOf(workload) !== workload.metadata.name) return [];
  const service = planApply(buildRepositoryService(workload), world.companions);
  if (service.length === 0) return [];
  return [
    { verb: 'mint', object: buildRepositorySecret(workload) },
    { verb: 'create', object: buildRepositoryClaim(workload, storage) },
    { verb: 'create', object: buildRepositoryServer(workload, image) },
    ...service,
  ];
};
