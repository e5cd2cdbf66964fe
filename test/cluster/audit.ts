// The API server's audit log: who asked for what and how it was answered, one JSON object a line. What programs ask that
// run under a service account, and what anybody writes of the kinds that walguard judges; all else is noise.

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // Kubernetes' own controllers.
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    {
      level: 'Metadata',
      verbs: ['create', 'update', 'patch', 'delete'],
      resources: [{ group: 'apps', resources: ['statefulsets'] }, { group: 'walguard.dev' }],
    },
    { level: 'None' },
  ],
};

export function auditArguments(policyFile: string, logFile: string): string[] {
  // Blocking, its default mode: what a test has seen answered is in the file a moment later.
  return [`--audit-policy-file=${policyFile}`, `--audit-log-path=${logFile}`];
}
