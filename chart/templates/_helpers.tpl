{{/* 50 leaves room for the longest suffix, -object-store, within the 63 characters of a DNS label. */}}
{{- define "walguard.fullname" -}}
{{- if contains "walguard" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-walguard" (.Release.Name | trunc 41 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* Call the three label helpers with (dict "root" $ "component" "webhook"); an object of no single part leaves the component out. */}}
{{- define "walguard.selectorLabels" -}}
app.kubernetes.io/name: walguard
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "walguard.labels" -}}
{{- $own := include "walguard.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "walguard" -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_")) -}}
{{- toYaml (merge $own .root.Values.commonLabels) -}}
{{- end -}}

{{/* Ours win over the user's: a selector that does not match its own pods is refused by the API server. */}}
{{- define "walguard.podLabels" -}}
{{- $own := include "walguard.selectorLabels" . | fromYaml -}}
{{- toYaml (merge $own .root.Values.podLabels .root.Values.commonLabels) -}}
{{- end -}}

{{/* The registry is what stands before the first slash, if it can be a host at all; "library/postgres" has none. */}}
{{- define "walguard.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with .Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- $host := first $parts -}}
{{- if and (gt (len $parts) 1) (or (contains "." $host) (contains ":" $host) (eq $host "localhost")) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "walguard.tlsSecret" -}}
{{- include "walguard.fullname" . }}-webhook-tls
{{- end -}}

{{- define "walguard.objectStoreUrl" -}}
http://{{ include "walguard.fullname" . }}-object-store.{{ .Release.Namespace }}.svc:7070
{{- end -}}

{{/* spec.storage.s3 of the standard policy. A bucket beside the enabled object store would be ignored without a word, so it is refused. */}}
{{- define "walguard.storage" -}}
{{- $s3 := .Values.storage.s3 -}}
{{- if .Values.objectStore.enabled -}}
{{- if or $s3.prefix $s3.endpoint -}}
{{- fail "walguard: storage.s3.prefix or storage.s3.endpoint is set while objectStore.enabled is true, so your bucket would not be used: set objectStore.enabled to false." -}}
{{- end -}}
prefix: s3://walguard
endpoint: {{ include "walguard.objectStoreUrl" . }}
region: us-east-1
forcePathStyle: true
{{- else -}}
prefix: {{ required "walguard: objectStore.enabled is false, so backups need a bucket: set storage.s3.prefix, for example s3://my-bucket/walguard." $s3.prefix | quote }}
{{- with $s3.endpoint }}
endpoint: {{ . | quote }}
{{- end }}
region: {{ required "walguard: objectStore.enabled is false, so the bucket's region must be given: set storage.s3.region, for example eu-central-1." $s3.region | quote }}
forcePathStyle: {{ $s3.forcePathStyle }}
{{- end }}
credentialsSecret: {{ $s3.credentialsSecret | quote }}
{{- end -}}

{{/*
The standard policy: the built-in file, the storage from above in place of any that the file has, the user's fields last.
*/}}
{{- define "walguard.standardPolicy" -}}
{{- $policy := .Files.Get "files/policies/standard.yaml" | fromYaml -}}
{{- if not $policy.spec -}}
{{- fail (printf "walguard: files/policies/standard.yaml of this chart is missing or broken. %s" ($policy.Error | default "")) -}}
{{- end -}}
{{- $_ := set $policy.spec "storage" (dict "s3" (include "walguard.storage" . | fromYaml)) -}}
{{- $_ := set $policy "spec" (mergeOverwrite $policy.spec (deepCopy .Values.policies.standard.spec)) -}}
{{- toYaml $policy -}}
{{- end -}}

{{/* Pod and container security: Pod Security "restricted" plus a read-only root. */}}
{{- define "walguard.podSecurityContext" -}}
runAsNonRoot: true
{{- with .Values.podSecurityContext.runAsUser }}
runAsUser: {{ . | int64 }}
{{- end }}
{{- with .Values.podSecurityContext.runAsGroup }}
runAsGroup: {{ . | int64 }}
{{- end }}
{{- with .Values.podSecurityContext.fsGroup }}
fsGroup: {{ . | int64 }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "walguard.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What every pod spec shares. Affinity is apart, because the webhook has a default of its own. */}}
{{- define "walguard.podSpec" -}}
enableServiceLinks: false
securityContext:
  {{- include "walguard.podSecurityContext" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "walguard.podMetadata" -}}
labels:
  {{- include "walguard.podLabels" . | nindent 2 }}
{{- with .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
