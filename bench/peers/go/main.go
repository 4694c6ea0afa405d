// The lifecycle contract served with Temporal's Go SDK: the peer that `lifecycle worker` is measured against, and takes workflows over from.
//
//	go-peer --task-queue QUEUE --worker-version VERSION [flags]   serve until SIGINT or SIGTERM
//	go-peer --replay HISTORY.json N                               replay one history N times, print events/s and CPU per event
package main

import (
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

type settings struct {
	address, namespace, taskQueue   string
	workerVersion, identity         string
	deploymentName                  string
	maxConcurrentActivities         int
	maxCachedWorkflows              int
	disableEager                    bool
	gracefulShutdown, stickyTimeout time.Duration
}

func readSettings() settings {
	var s settings
	flag.StringVar(&s.address, "address", "localhost:7233", "Temporal `host:port`")
	flag.StringVar(&s.namespace, "namespace", "default", "Temporal namespace")
	flag.StringVar(&s.taskQueue, "task-queue", "lifecycle-queue", "task queue to poll")
	flag.StringVar(&s.workerVersion, "worker-version", "v0.0.0-go", "version that results and the identity report")
	flag.StringVar(&s.identity, "identity", "", "default <pid>@<host>/<version>#<nonce>")
	flag.StringVar(&s.deploymentName, "deployment-name", "", "serve as this Worker Deployment, pinned")
	flag.IntVar(&s.maxConcurrentActivities, "max-concurrent-activities", 100, "activities at once")
	flag.IntVar(&s.maxCachedWorkflows, "max-cached-workflows", 10_000, "workflows kept in memory")
	flag.BoolVar(&s.disableEager, "disable-eager-activities", false, "take every activity from the task queue")
	flag.DurationVar(&s.gracefulShutdown, "graceful-shutdown-timeout", 30*time.Second, "time that running activities get to end")
	flag.DurationVar(&s.stickyTimeout, "sticky-timeout", 0, "sticky schedule-to-start time-out, 0 for the SDK's")
	flag.Parse()
	if s.identity == "" {
		s.identity = newIdentity(s.workerVersion)
	}
	return s
}

// newIdentity names process, host and version, and tells two starts with the same process id apart.
func newIdentity(version string) string {
	nonce := make([]byte, 4)
	_, _ = rand.Read(nonce)
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%d@%s/%s#%s", os.Getpid(), host, version, hex.EncodeToString(nonce))
}

func quietLogger() log.Logger {
	return log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
}

func workerOptions(s settings) worker.Options {
	options := worker.Options{
		MaxConcurrentActivityExecutionSize: s.maxConcurrentActivities,
		WorkerStopTimeout:                  s.gracefulShutdown,
		DisableEagerActivities:             s.disableEager,
		StickyScheduleToStartTimeout:       s.stickyTimeout,
	}
	if s.deploymentName != "" {
		options.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning:             true,
			Version:                   worker.WorkerDeploymentVersion{DeploymentName: s.deploymentName, BuildID: s.workerVersion},
			DefaultVersioningBehavior: workflow.VersioningBehaviorPinned,
		}
	}
	return options
}

func serve(s settings) error {
	worker.SetStickyWorkflowCacheSize(s.maxCachedWorkflows)
	temporal, err := client.Dial(client.Options{HostPort: s.address, Namespace: s.namespace, Identity: s.identity, Logger: quietLogger()})
	if err != nil {
		return err
	}
	defer temporal.Close()
	peer := worker.New(temporal, s.taskQueue, workerOptions(s))
	peer.RegisterWorkflowWithOptions(lifecycleWorkflow, workflow.RegisterOptions{Name: workflowTypeName})
	runner := stepRunner{workerVersion: s.workerVersion, identity: s.identity}
	peer.RegisterActivityWithOptions(runner.processStep, activity.RegisterOptions{Name: activityTypeName})
	return peer.Run(worker.InterruptCh())
}

func run() error {
	if len(os.Args) == 4 && os.Args[1] == "--replay" {
		times, err := strconv.Atoi(os.Args[3])
		if err != nil {
			return fmt.Errorf("--replay HISTORY.json N: N is %q", os.Args[3])
		}
		return replay(os.Args[2], times)
	}
	return serve(readSettings())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
