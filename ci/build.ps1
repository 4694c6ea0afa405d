# ci/build for Windows: builds the demonstration's two images, loads them into minikube or kind, applies the manifests in order and waits.
#   ci\build.ps1          into the cluster's nodes
#   ci\build.ps1 -Push    into the registry of k8s\08-registry.yaml, from which the workers are then deployed (see ci/build for where that works)
# Where scripts are not allowed: powershell -ExecutionPolicy Bypass -File ci\build.ps1
param([switch]$Push)
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '..')
$env:DOCKER_BUILDKIT = '1'
$versions = 'v1.0.0', 'v2.0.0'
$registry = 'localhost:30500'

# Without declared parameters: PowerShell would take a program's own -p for an abbreviation of one.
function Invoke-Step {
  $program, $rest = $args
  $rest = @($rest)
  & $program @rest
  if ($LASTEXITCODE -ne 0) { throw "$program $rest ended with $LASTEXITCODE" }
}
function Wait-For([string]$Namespace, [string[]]$Names) {
  foreach ($name in $Names) {
    if ($name -like 'job/*') { Invoke-Step kubectl -n $Namespace wait --for=condition=complete $name --timeout=300s }
    elseif ($name -like 'pod/*') { Invoke-Step kubectl -n $Namespace wait --for=condition=Ready $name --timeout=300s }
    else { Invoke-Step kubectl -n $Namespace rollout status $name --timeout=300s }
  }
}

$context = kubectl config current-context
if ($LASTEXITCODE -ne 0) { throw 'kubectl knows no cluster: minikube start makes one' }
$isKind = $context -like 'kind-*'
if (-not $Push -and -not $isKind) {
  $isMinikube = $false
  if (Get-Command minikube -ErrorAction SilentlyContinue) {
    minikube -p $context status | Out-Null
    $isMinikube = $LASTEXITCODE -eq 0
  }
  if (-not $isMinikube) { throw "how to load an image into the cluster of context $context is not known: use -Push with a registry that its nodes reach" }
}
$revision = ''
if (Get-Command git -ErrorAction SilentlyContinue) { $revision = git describe --always --dirty --abbrev=7 --exclude '*' }
foreach ($version in $versions) {
  Invoke-Step docker build -t "lifecycle-worker:$version" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" .
}

$server = '02-temporal-server-simple'
Invoke-Step kubectl apply -f k8s/00-namespaces.yaml
if (kubectl -n temporal get deployment temporal-history --ignore-not-found -o name) { $server = '02-temporal-server' } # somebody chose this layout: it stays
foreach ($file in '01-postgres', $server, '03-temporal-web', '08-registry') {
  kubectl apply -f "k8s/$file.yaml"
  if ($LASTEXITCODE -ne 0 -and $file -eq $server) { # a job's pods cannot be changed: one of older manifests is run again
    Invoke-Step kubectl -n temporal delete job temporal-schema temporal-namespace --ignore-not-found
    Invoke-Step kubectl apply -f "k8s/$file.yaml"
  } elseif ($LASTEXITCODE -ne 0) { throw "k8s/$file.yaml was not accepted" }
}
$prefix = ''
$pull = 'IfNotPresent'
if ($Push) {
  Wait-For infra deployment/registry
  $prefix = "$registry/"
  $pull = 'Always' # the node may have an older image of that name
  $forward = Start-Process kubectl -ArgumentList '-n infra port-forward svc/registry 30500:5000' -PassThru -WindowStyle Hidden
  try {
    foreach ($attempt in 1..60) { # the tunnel opens a moment after it was asked for
      if (Test-NetConnection localhost -Port 30500 -InformationLevel Quiet -WarningAction SilentlyContinue) { break }
      Start-Sleep -Milliseconds 500
    }
    foreach ($version in $versions) {
      Invoke-Step docker tag "lifecycle-worker:$version" "$registry/lifecycle-worker:$version"
      Invoke-Step docker push "$registry/lifecycle-worker:$version"
    }
  } finally { Stop-Process $forward }
} else {
  foreach ($version in $versions) {
    if ($isKind) { Invoke-Step kind load docker-image --name ($context -replace '^kind-', '') "lifecycle-worker:$version" }
    else { Invoke-Step minikube -p $context image load --overwrite "lifecycle-worker:$version" }
  }
}

Wait-For temporal statefulset/postgres, job/temporal-schema, deployment/temporal-frontend, job/temporal-namespace
# A pod's containers cannot be changed: a client of another image is replaced.
$wanted = $prefix + (docker image inspect --format '{{.Id}}' lifecycle-worker:v1.0.0)
$have = kubectl -n workers get pod lifecycle-client --ignore-not-found -o 'jsonpath={.metadata.annotations.lifecycle\.dev/image-id}'
if ($have -ne $wanted) { Invoke-Step kubectl -n workers delete pod lifecycle-client --ignore-not-found }
foreach ($file in '04-workers-v1', '05-workers-v2', '06-versioned-workers-v1', '07-versioned-workers-v2', '09-client') {
  $text = Get-Content -Raw "k8s/$file.yaml"
  # The image by its id, which makes a rebuilt image of the same name a change that Kubernetes sees.
  if ($text -match 'image: (lifecycle-worker:\S+)') { $id = docker image inspect --format '{{.Id}}' $Matches[1] }
  $text = $text -replace 'annotations: {', "annotations: {lifecycle.dev/image-id: `"$id`", "
  $text -replace 'image: lifecycle-worker:', "image: ${prefix}lifecycle-worker:" -replace 'imagePullPolicy: IfNotPresent', "imagePullPolicy: $pull" | kubectl apply -f -
  if ($LASTEXITCODE -ne 0) { throw "k8s/$file.yaml was not accepted" }
}
Invoke-Step kubectl -n workers annotate --overwrite pod lifecycle-client "lifecycle.dev/image-id=$wanted"
Wait-For temporal deployment/temporal-web
Wait-For infra deployment/registry
Wait-For workers deployment/lifecycle-workers-v1, deployment/lifecycle-workers-v2, deployment/lifecycle-versioned-v1, deployment/lifecycle-versioned-v2, pod/lifecycle-client
foreach ($namespace in 'temporal', 'workers', 'infra') { Invoke-Step kubectl get pods -n $namespace -o wide }
Write-Output 'kubectl -n workers exec -it lifecycle-client -- lifecycle start lifecycle'
Write-Output 'kubectl -n temporal port-forward svc/temporal-web 8080    # then http://localhost:8080'
