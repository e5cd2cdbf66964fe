// One object of each verdict, as people write them.

export const PROTECTED = `# the shop's orders
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: orders
  namespace: shop
  annotations:
    walguard.dev/policy: standard
spec:
  template:
    spec:
      containers:
      - name: postgres
        image: postgres:15
        volumeMounts:
        - {name: data, mountPath: /var/lib/postgresql/data}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {}
`;

export const UNPROTECTED = PROTECTED.replace('  annotations:\n    walguard.dev/policy: standard\n', '')
  .replace("the shop's orders", 'carts & <baskets>')
  .replace('name: orders', 'name: carts');

export const EXEMPT = PROTECTED.replace('name: orders', 'name: cache').replace(
  'walguard.dev/policy: standard',
  'walguard.dev/exempt: filled anew every night',
);

export const REFUSED = PROTECTED.replace('name: orders', 'name: bills').replace(
  '        volumeMounts:',
  '        args: [-c, archive_mode=on, -c, archive_command=/bin/true]\n        volumeMounts:',
);

export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: nginx:1
`;

export const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: orders
`;

/** As a stream of documents. */
export function stream(...manifests: readonly string[]): string {
  return manifests.join('---\n');
}
