// The Kubernetes objects walguard reads and writes, as plain JSON: only the fields it knows by name.
// Whatever else an object carries travels along untouched. Room: api (pure).

export interface ObjectMeta {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  [field: string]: unknown;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** Enough to find an object; without a name, its collection. */
export type ObjectRef = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
};

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: Record<string, unknown>;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
  subPath?: string;
  subPathExpr?: string;
  [field: string]: unknown;
}

export interface SecurityContext {
  runAsUser?: number;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: EnvVar[];
  envFrom?: Record<string, unknown>[];
  ports?: { containerPort: number; name?: string; [field: string]: unknown }[];
  volumeMounts?: VolumeMount[];
  securityContext?: SecurityContext;
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
  hostPath?: Record<string, unknown>;
  emptyDir?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  securityContext?: SecurityContext & { fsGroup?: number };
  nodeSelector?: Record<string, string>;
  tolerations?: Record<string, unknown>[];
  imagePullSecrets?: Record<string, unknown>[];
  [field: string]: unknown;
}

export interface PodTemplate {
  metadata?: ObjectMeta;
  spec: PodSpec;
  [field: string]: unknown;
}

export interface PersistentVolumeClaim {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: Record<string, unknown>;
  [field: string]: unknown;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    selector: { matchLabels?: Record<string, string>; [field: string]: unknown };
    serviceName?: string;
    template: PodTemplate;
    volumeClaimTemplates?: PersistentVolumeClaim[];
    [field: string]: unknown;
  };
}

interface ContainerStatus {
  name: string;
  restartCount: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { exitCode: number; message?: string; reason?: string; finishedAt?: string };
  };
}

export interface Pod extends KubeObject {
  spec: PodSpec & { nodeName?: string };
  status?: {
    phase?: string;
    podIP?: string;
    /** Why the whole pod was ended, such as Evicted. */
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
    [field: string]: unknown;
  };
}

export interface Job extends KubeObject {
  status?: {
    startTime?: string;
    succeeded?: number;
    failed?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime?: string;
}
