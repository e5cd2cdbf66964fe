// One look at Patroni's REST API: settings that are missing there are put there. Room: agent (door).
import { patchParameters, type RestApi, readConfiguration, readNames } from '../tools/patroni.ts';
import { planPatroni } from './patroni-plan.ts';
import type { RestOutcome, WantedSettings } from './settings.ts';

/** Never restarts anything: a setting that needs one waits for the user's. */
export async function settle(api: RestApi, wanted: WantedSettings): Promise<RestOutcome> {
  try {
    const plan = planPatroni(await readConfiguration(api), wanted);
    const names = await readNames(api);
    if (plan.kind === 'foreign') return { ...plan, ...names };
    if (plan.kind === 'patch') await patchParameters(api, plan.parameters);
    return { kind: 'in-place', ...names };
  } catch (error) {
    return { kind: 'failed', why: (error as Error).message };
  }
}
