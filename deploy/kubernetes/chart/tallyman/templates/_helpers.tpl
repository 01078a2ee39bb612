{{- define "tallyman.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tallyman.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "tallyman.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "tallyman.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tallyman.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tallyman.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tallyman.labels" -}}
{{ include "tallyman.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tallyman.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tallyman.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* The files of the node that name its containers, by runtime: name and path of each, and where the agent looks for
it, if that is another path. Single directories, because those above them have the runtime's socket, which would be
root on the node. */ -}}
{{- define "tallyman.runtimeFiles" -}}
{{- $tasks := "io.containerd.runtime.v2.task" }}
{{- $database := "io.containerd.metadata.v1.bolt" }}
{{- if eq .Values.runtime "crio" }}
- {name: crio, path: /run/containers/storage/overlay-containers}
- {name: crio-exits, path: /run/crio/exits}
{{- else if .Values.containerdState }}
- {name: containerd, path: {{ printf "%s/%s" (trimSuffix "/" .Values.containerdState) $tasks | quote }}}
{{- else }}
{{- $k3s := "/var/lib/rancher/k3s/agent/containerd" }}
{{- $states := dict "containerd" "/run/containerd" "k3s" "/run/k3s/containerd" "rke2" "/run/k3s/containerd" "k0s" "/run/k0s/containerd" "microk8s" "/var/snap/microk8s/common/run/containerd" }}
{{- $roots := dict "containerd" "/var/lib/containerd" "k3s" $k3s "rke2" "/var/lib/rancher/rke2/agent/containerd" "k0s" "/var/lib/k0s/containerd" "microk8s" "/var/snap/microk8s/common/var/lib/containerd" }}
- {name: containerd, path: {{ printf "%s/%s" (get $states .Values.runtime) $tasks | quote }}}
{{- if .Values.podOwners }}
{{- $root := get $roots .Values.runtime }}
- name: containerd-database
  path: {{ printf "%s/%s" $root $database | quote }}
  seenAt: {{ printf "%s/%s" (ternary $k3s $root (eq .Values.runtime "rke2")) $database | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "tallyman.args" -}}
{{- if not .Values.exactTimes }}
- --no-collector.interfaces
{{- end }}
{{- with .Values.containerdState }}
- {{ printf "--containerd.state=%s" . | quote }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* One endpoint of a monitor. Takes path, job and interval. */ -}}
{{- define "tallyman.endpoint" -}}
port: metrics
path: {{ .path }}
interval: {{ .interval }}
{{- /* pod, namespace and container are those of the measured container, not those of the agent's pod. */}}
honorLabels: true
relabelings:
  - action: labeldrop
    regex: pod|namespace|container|service|endpoint
  - action: replace
    targetLabel: job
    replacement: {{ .job }}
  {{- if eq .job "kubelet" }}
  - action: replace
    sourceLabels: [__metrics_path__]
    targetLabel: metrics_path
  {{- end }}
  - action: replace
    sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  - action: replace
    sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
{{- with .metrics }}
metricRelabelings:
  - action: {{ . }}
    sourceLabels: [__name__]
    regex: (container|machine)_.+|cadvisor_version_info
{{- end }}
{{- end }}
