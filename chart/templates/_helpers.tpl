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

{{/* The Secret with the webhook's certificate. A value that another mode would ignore without a word is refused. */}}
{{- define "walguard.tlsSecret" -}}
{{- $tls := .Values.webhook.tls -}}
{{- if and $tls.secretName (ne $tls.mode "secret") -}}
{{- fail (printf "walguard: webhook.tls.secretName is set while webhook.tls.mode is %s, so your Secret would not be used: set webhook.tls.mode to secret." $tls.mode) -}}
{{- end -}}
{{- if and $tls.issuerRef (ne $tls.mode "certManager") -}}
{{- fail (printf "walguard: webhook.tls.issuerRef is set while webhook.tls.mode is %s, so your issuer would not be used: set webhook.tls.mode to certManager." $tls.mode) -}}
{{- end -}}
{{- if eq $tls.mode "secret" -}}
{{- required "walguard: webhook.tls.mode is secret, so the Secret with tls.crt, tls.key and ca.crt must be named: set webhook.tls.secretName." $tls.secretName -}}
{{- else -}}
{{- include "walguard.fullname" . }}-webhook-tls
{{- end -}}
{{- end -}}

{{- define "walguard.lease" -}}
{{- include "walguard.fullname" . }}-controller
{{- end -}}

{{/* One node per replica where there are enough; call it with (dict "root" $ "component" "webhook"). */}}
{{- define "walguard.affinity" -}}
{{- if .root.Values.affinity -}}
{{- toYaml .root.Values.affinity -}}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "walguard.selectorLabels" . | nindent 12 }}
{{- end -}}
{{- end -}}

{{- define "walguard.objectStoreUrl" -}}
http://{{ include "walguard.fullname" . }}-object-store.{{ .Release.Namespace }}.svc:7070
{{- end -}}

{{/* spec.storage.s3 of the policies. A bucket beside the enabled object store would be ignored without a word, so it is refused. */}}
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
A ready policy, from (dict "root" $ "name" "pitr"): the built-in file with the storage from above. Of a storage that the file has
itself only what it asks of the bucket is kept: where the bucket is, a ready policy cannot know.
*/}}
{{- define "walguard.readyPolicy" -}}
{{- $file := printf "files/policies/%s.yaml" .name -}}
{{- $policy := .root.Files.Get $file | fromYaml -}}
{{- if not $policy.spec -}}
{{- fail (printf "walguard: %s of this chart is missing or broken. %s" $file ($policy.Error | default "")) -}}
{{- end -}}
{{- $asked := pick (dig "storage" "s3" dict $policy.spec) "serverSideEncryption" "lifecycleRule" -}}
{{- if and $asked.serverSideEncryption .root.Values.objectStore.enabled -}}
{{- fail (printf "walguard: the policy %s wants a bucket that encrypts, and the built-in object store does not: set objectStore.enabled to false, and storage.s3.prefix and storage.s3.region to your bucket; or take %s out of policies.ready." .name .name) -}}
{{- end -}}
{{- $_ := set $policy.spec "storage" (dict "s3" (merge (include "walguard.storage" .root | fromYaml) $asked)) -}}
{{- toYaml $policy -}}
{{- end -}}

{{/* The standard policy, the user's fields last. */}}
{{- define "walguard.standardPolicy" -}}
{{- $policy := include "walguard.readyPolicy" (dict "root" . "name" "standard") | fromYaml -}}
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
