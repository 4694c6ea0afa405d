#!/usr/bin/env bash
# What the scripts for images and clusters share; they source it. It works from the project's folder, whatever the caller's was.
# shellcheck disable=SC2034 # those that source this use the variables
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cluster_folder=$PWD/build/cluster          # the local cluster: programs, state, logs
local_kubeconfig=$cluster_folder/admin.kubeconfig
versions=(v1.0.0 v2.0.0)                   # of the demonstration's worker
worker_image=lifecycle-worker
registry=localhost:30500                   # k8s/08-registry.yaml, by the one name that host and node share

system_kubectl=$(command -v kubectl) || true
PATH=$PATH:$PWD/build/kubernetes           # a kubectl for those who have none

die() { echo "${0##*/}: $*" >&2; exit 1; }
say() { echo "== $*" >&2; }

need() { # COMMAND...: all are in PATH, or the script ends and names those that are not
  local command missing=()
  for command in "$@"; do command -v "$command" > /dev/null || missing+=("$command"); done
  [ ${#missing[@]} -eq 0 ] || die "not found: ${missing[*]}"
}

need_go() { # as new a one as the modules of the local cluster's programs want
  need go
  local needed installed
  needed=$(sed -n 's/^go //p' ci/go-tools/go.mod ci/go-tools/kubernetes/*/go.mod | sort -V | tail -n 1)
  installed=$(GOTOOLCHAIN=local go env GOVERSION)
  [ "$(printf '%s\n' "$needed" "${installed#go}" | sort -V | head -n 1)" = "$needed" ] \
    || die "Kubernetes is built here from its Go modules: Go ${installed#go} is too old, install Go $needed or newer"
}

need_free_disk() { # GIB FOLDER
  local free_kib
  mkdir -p "$2"
  free_kib=$(df --output=avail "$2" | tail -n 1)
  ((free_kib >= $1 * 1024 * 1024)) || die "$((free_kib / 1024 / 1024)) GiB are free in $2, and $1 GiB are needed"
}

until_ok() { # SECONDS COMMAND...: repeats it until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do ((SECONDS < end)) || { echo "timed out: $*" >&2; return 1; }; sleep 0.3; done
}

# Sets `docker` to a client that can build with BuildKit. The first in PATH may be one of version 23 or newer without its buildx component.
find_docker() {
  local candidate
  while read -r candidate; do
    if DOCKER_BUILDKIT=1 "$candidate" build --help > /dev/null 2>&1; then
      docker=$candidate
      export DOCKER_BUILDKIT=1
      return
    fi
  done < <(type -aP docker | awk '!seen[$0]++')
  die "no docker that can build with BuildKit: install Docker 20.10 or newer (with its buildx component from 23 on)"
}

# An engine of our own where none runs and we may start one; `ci/cluster down` ends it.
start_docker() {
  find_docker
  "$docker" info > /dev/null 2>&1 && return
  if [ "$(id -u)" != 0 ] || ! command -v dockerd > /dev/null; then die "the Docker engine does not answer: start it"; fi
  mkdir -p "$cluster_folder/run" "$cluster_folder/log"
  setsid dockerd > "$cluster_folder/log/dockerd.log" 2>&1 &
  echo $! > "$cluster_folder/run/dockerd.pid"
  until_ok 60 "$docker" info || die "the Docker engine did not start: see $cluster_folder/log/dockerd.log"
}

# "local", "kind NAME", "minikube PROFILE" or "other CONTEXT": what kubectl speaks to. A local cluster that runs comes first.
find_cluster() {
  if [ -z "${KUBECONFIG:-}" ] && [ -f "$local_kubeconfig" ] && kubectl --kubeconfig="$local_kubeconfig" get --raw /readyz > /dev/null 2>&1; then
    echo local
    return
  fi
  local context
  context=$(kubectl config current-context 2> /dev/null) || die "kubectl knows no cluster: make cluster-up makes one"
  if [ "${KUBECONFIG:-}" = "$local_kubeconfig" ]; then
    echo local
  elif [[ $context == kind-* ]]; then
    echo "kind ${context#kind-}"
  elif command -v minikube > /dev/null && minikube profile list -o json 2> /dev/null | grep -q "\"Name\":\"$context\""; then
    echo "minikube $context"
  else
    echo "other $context"
  fi
}

# Sets `cluster` to find_cluster()'s words and lets every kubectl of this script speak to it.
choose_cluster() {
  local words
  words=$(find_cluster)
  read -ra cluster <<< "$words"
  [ "${cluster[0]}" != local ] || export KUBECONFIG=$local_kubeconfig
}

tell_environment() { # what a shell needs to speak to the local cluster as the scripts do
  echo "export KUBECONFIG=$local_kubeconfig"
  # shellcheck disable=SC2016 # for the shell that reads it
  [ -n "$system_kubectl" ] || echo "export PATH=\$PATH:${cluster_folder%/*}/kubernetes"
}

load_images() { # IMAGE...: into the nodes of the chosen cluster
  case ${cluster[0]} in
    local) ci/one-node load "$@" ;;
    kind) kind load docker-image --name "${cluster[1]}" "$@" ;;
    minikube) local image; for image in "$@"; do minikube -p "${cluster[1]}" image load --overwrite "$image"; done ;;
    *) die "how to load an image into the cluster of context ${cluster[1]} is not known: use --push with a registry that its nodes reach" ;;
  esac
}
