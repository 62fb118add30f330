/** Where an object names another one; as kustomize's built-in table has it. */
export interface NameReference {
  /** Of the object that is named; undefined: the field `kind` beside the name says it. */
  readonly target: string | undefined
  /** Kinds that have the field; undefined: those with pods. */
  readonly kinds: readonly string[] | undefined
  /** To the mapping, then the field of the name. Below a pod's specification for kinds with pods. */
  readonly path: string
  readonly field: string
  /** The mapping has a field `namespace` too, which moves with its target. */
  readonly hasNamespace?: boolean
}

/** Where pods are described. */
export const podSpecs: { readonly [kind: string]: string | undefined } = {
  Pod: 'spec',
  Deployment: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  ReplicationController: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
}

const inPods = (target: string, path: string, field: string): NameReference => ({
  target,
  kinds: undefined,
  path,
  field,
})

const inContainers = (target: string, path: string): readonly NameReference[] =>
  ['containers[]', 'initContainers[]'].map((containers) => inPods(target, `${containers}/${path}`, 'name'))

const bindings = ['RoleBinding', 'ClusterRoleBinding']
const webhooks = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']

const toService = (kinds: readonly string[], path: string): NameReference => ({
  target: 'Service',
  kinds,
  path,
  field: 'name',
  hasNamespace: true,
})

export const nameReferences: readonly NameReference[] = [
  inPods('ConfigMap', 'volumes[]/configMap', 'name'),
  inPods('ConfigMap', 'volumes[]/projected/sources[]/configMap', 'name'),
  ...inContainers('ConfigMap', 'env[]/valueFrom/configMapKeyRef'),
  ...inContainers('ConfigMap', 'envFrom[]/configMapRef'),
  inPods('Secret', 'volumes[]/secret', 'secretName'),
  inPods('Secret', 'volumes[]/projected/sources[]/secret', 'name'),
  ...inContainers('Secret', 'env[]/valueFrom/secretKeyRef'),
  ...inContainers('Secret', 'envFrom[]/secretRef'),
  inPods('Secret', 'imagePullSecrets[]', 'name'),
  inPods('ServiceAccount', '', 'serviceAccountName'),
  inPods('PersistentVolumeClaim', 'volumes[]/persistentVolumeClaim', 'claimName'),
  inPods('PriorityClass', '', 'priorityClassName'),
  { target: 'Service', kinds: ['StatefulSet'], path: 'spec', field: 'serviceName' },
  { target: 'Service', kinds: ['Ingress'], path: 'spec/rules[]/http/paths[]/backend/service', field: 'name' },
  { target: 'Service', kinds: ['Ingress'], path: 'spec/defaultBackend/service', field: 'name' },
  { target: 'Secret', kinds: ['Ingress'], path: 'spec/tls[]', field: 'secretName' },
  { target: 'Secret', kinds: ['ServiceAccount'], path: 'secrets[]', field: 'name' },
  { target: 'Secret', kinds: ['ServiceAccount'], path: 'imagePullSecrets[]', field: 'name' },
  { target: undefined, kinds: bindings, path: 'roleRef', field: 'name' },
  { target: 'ServiceAccount', kinds: bindings, path: 'subjects[]', field: 'name', hasNamespace: true },
  { target: undefined, kinds: ['HorizontalPodAutoscaler'], path: 'spec/scaleTargetRef', field: 'name' },
  { target: 'PersistentVolume', kinds: ['PersistentVolumeClaim'], path: 'spec', field: 'volumeName' },
  { target: 'StorageClass', kinds: ['PersistentVolumeClaim'], path: 'spec', field: 'storageClassName' },
  toService(webhooks, 'webhooks[]/clientConfig/service'),
  toService(['CustomResourceDefinition'], 'spec/conversion/webhook/clientConfig/service'),
  toService(['APIService'], 'spec/service'),
]

/** Objects without a namespace. Kinds that nobody knows are taken for ones with a namespace, as kustomize does. */
export const clusterKinds: ReadonlySet<string> = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'ComponentStatus',
  'CustomResourceDefinition',
  'FlowSchema',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PodSecurityPolicy',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'RuntimeClass',
  'SelfSubjectAccessReview',
  'StorageClass',
  'SubjectAccessReview',
  'TokenReview',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
])

/** Their names mean something elsewhere, so that no prefix is put before them. */
export const unprefixedKinds: ReadonlySet<string> = new Set([
  'APIService',
  'CustomResourceDefinition',
  'Namespace',
])

/** Workloads whose pods' labels and selectors go together. */
export const selectorPaths: { readonly [kind: string]: string | undefined } = {
  Deployment: 'spec/selector/matchLabels',
  StatefulSet: 'spec/selector/matchLabels',
  DaemonSet: 'spec/selector/matchLabels',
  ReplicaSet: 'spec/selector/matchLabels',
  ReplicationController: 'spec/selector',
  Service: 'spec/selector',
}
const ofTemplate = ['spec/template/metadata/labels']
export const templatePaths: { readonly [kind: string]: readonly string[] | undefined } = {
  Deployment: ofTemplate,
  StatefulSet: ofTemplate,
  DaemonSet: ofTemplate,
  ReplicaSet: ofTemplate,
  ReplicationController: ofTemplate,
  Job: ofTemplate,
  CronJob: ['spec/jobTemplate/metadata/labels', 'spec/jobTemplate/spec/template/metadata/labels'],
}
