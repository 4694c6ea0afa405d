package main

import (
	"encoding/json"
	"time"

	"go.temporal.io/sdk/temporal"
)

// The workflow contract: names and JSON shapes that every worker of it shares, whatever SDK it is written with.
const (
	workflowTypeName = "LifecycleWorkflow"
	activityTypeName = "ProcessStep"
	progressQuery    = "progress"
	pauseSignal      = "pause"
	resumeSignal     = "resume"
	durationUpdate   = "set_step_duration"
	simulatedFailure = "SimulatedFailure"

	heartbeatInterval  = 500 * time.Millisecond
	heartbeatTimeout   = 5 * time.Second
	startToCloseMargin = 30 * time.Second
)

type retryInput struct {
	InitialIntervalMs  int64   `json:"initial_interval_ms"`
	BackoffCoefficient float64 `json:"backoff_coefficient"`
	MaximumIntervalMs  int64   `json:"maximum_interval_ms"`
	MaximumAttempts    int32   `json:"maximum_attempts"`
}

type lifecycleInput struct {
	Steps          int        `json:"steps"`
	StepDurationMs int64      `json:"step_duration_ms"`
	FailStep       *int       `json:"fail_step"`
	FailAttempts   int32      `json:"fail_attempts"`
	Retry          retryInput `json:"retry"`
}

func defaultInput() lifecycleInput {
	return lifecycleInput{Steps: 10, StepDurationMs: 30_000, Retry: retryInput{
		InitialIntervalMs: 1000, BackoffCoefficient: 2.0, MaximumIntervalMs: 10_000}}
}

// UnmarshalJSON starts from the defaults, so that a field that is missing or null keeps its default.
func (in *lifecycleInput) UnmarshalJSON(data []byte) error {
	type plain lifecycleInput
	withDefaults := plain(defaultInput())
	if err := json.Unmarshal(data, &withDefaults); err != nil {
		return err
	}
	*in = lifecycleInput(withDefaults)
	return nil
}

func (in retryInput) policy() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval:    time.Duration(in.InitialIntervalMs) * time.Millisecond,
		BackoffCoefficient: in.BackoffCoefficient,
		MaximumInterval:    time.Duration(in.MaximumIntervalMs) * time.Millisecond,
		MaximumAttempts:    in.MaximumAttempts,
	}
}

type stepInput struct {
	Step         int   `json:"step"`
	DurationMs   int64 `json:"duration_ms"`
	FailAttempts int32 `json:"fail_attempts,omitempty"`
}

type stepOutput struct {
	Step          int    `json:"step"`
	WorkerVersion string `json:"worker_version"`
	Worker        string `json:"worker"`
	Attempt       int32  `json:"attempt"`
}

type heartbeatDetails struct {
	ElapsedMs int64 `json:"elapsed_ms"`
}

type progress struct {
	StepsCompleted int `json:"steps_completed"`
	StepsTotal     int `json:"steps_total"`
	CurrentStep    int `json:"current_step"`
}

type stepDuration struct {
	StepDurationMs int64 `json:"step_duration_ms"`
}

type lifecycleResult struct {
	WorkerVersionsUsed     []string `json:"worker_versions_used"`
	VersionChangesDetected bool     `json:"version_changes_detected"`
	RolloutDetected        bool     `json:"rollout_detected"`
	StepsCompleted         int      `json:"steps_completed"`
	WorkersUsed            []string `json:"workers_used"`
	Retries                int32    `json:"retries"`
}

// resultOf sums up the steps that ran: one version per step, and each worker once, in the order of its first step.
func resultOf(steps []stepOutput) lifecycleResult {
	result := lifecycleResult{WorkerVersionsUsed: []string{}, WorkersUsed: []string{}, StepsCompleted: len(steps)}
	versions, workers := map[string]bool{}, map[string]bool{}
	for i, step := range steps {
		if i > 0 && steps[i-1].WorkerVersion != step.WorkerVersion {
			result.VersionChangesDetected = true
		}
		if !workers[step.Worker] {
			workers[step.Worker] = true
			result.WorkersUsed = append(result.WorkersUsed, step.Worker)
		}
		versions[step.WorkerVersion] = true
		result.WorkerVersionsUsed = append(result.WorkerVersionsUsed, step.WorkerVersion)
		result.Retries += step.Attempt - 1
	}
	result.RolloutDetected = len(versions) > 1
	return result
}
