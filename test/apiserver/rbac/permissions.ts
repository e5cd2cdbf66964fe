// What a service account may do by the rendered chart, and what it did by the API server's audit log.
import { readFileSync } from 'node:fs';
import type { Live } from '../../support/cluster-client.ts';

/** One thing that RBAC allows: the smallest piece of a rule. */
export interface Grant {
  /** Namespace in which it holds; undefined for all, and for what is in none. */
  readonly namespace: string | undefined;
  readonly group: string;
  /** With the subresource, as in `restores/status`. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined for any. */
  readonly name: string | undefined;
}

export interface Use extends Grant {
  readonly code: number;
}

/** All that the roles bound to that service account give it. */
export function listGrants(objects: readonly Live[], account: string): Grant[] {
  const bindings = objects.filter(
    ({ kind, subjects }) => /^(Cluster)?RoleBinding$/.test(kind) && subjects.some(({ name }: Live) => name === account),
  );
  return bindings.flatMap(({ kind, roleRef, metadata }) => {
    const role = objects.find((each) => each.kind === roleRef.kind && each.metadata.name === roleRef.name);
    const namespace = kind === 'RoleBinding' ? metadata.namespace : undefined;
    return role.rules.flatMap((rule: Live) => expand(rule, namespace));
  });
}

function expand({ apiGroups, resources, verbs, resourceNames = [undefined] }: Live, namespace?: string): Grant[] {
  return apiGroups.flatMap((group: string) =>
    resources.flatMap((resource: string) =>
      verbs.flatMap((verb: string) =>
        resourceNames.map((name?: string) => ({ namespace, group, resource, verb, name })),
      ),
    ),
  );
}

/** In the order of the log. A patch that made the object is told as a create too, which it needs besides. */
export function listUses(auditLog: string, user: string): Use[] {
  const lines = readFileSync(auditLog, 'utf8').split('\n').slice(0, -1);
  const events = lines.map((line) => JSON.parse(line) as Live);
  return events
    .filter((event) => event.user.username === user && event.objectRef)
    .flatMap(({ verb, objectRef, responseStatus }) => {
      const { namespace, apiGroup = '', resource, subresource, name } = objectRef;
      const path = subresource ? `${resource}/${subresource}` : resource;
      const use = { namespace, group: apiGroup, resource: path, verb, name, code: responseStatus?.code ?? 0 };
      return verb === 'patch' && use.code === 201 ? [use, { ...use, verb: 'create' }] : [use];
    });
}

export function isRefused({ code }: Use): boolean {
  return code === 401 || code === 403;
}

/** Whatever the answer was: to learn that something is not there takes the permission too. */
export function isUsed(grant: Grant, uses: readonly Use[]): boolean {
  return uses.some((use) => !isRefused(use) && covers(grant, use));
}

/** @param what a use, or a narrower grant */
export function covers(grant: Grant, what: Grant): boolean {
  return (
    grant.group === what.group &&
    grant.resource === what.resource &&
    grant.verb === what.verb &&
    (grant.name === undefined || grant.name === what.name) &&
    (grant.namespace === undefined || grant.namespace === what.namespace)
  );
}

export function describe({ namespace, group, resource, verb, name }: Grant): string {
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `${verb} ${resource}${group ? `.${group}` : ''}${name === undefined ? '' : ` "${name}"`}${where}`;
}
