package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// stepRunner is the activity and what it reports about the process that runs it.
type stepRunner struct {
	workerVersion string
	identity      string
}

// processStep works for the step's duration, less what an earlier attempt reported as done. It heartbeats so often that a killed worker costs
// at most one interval of work.
func (runner stepRunner) processStep(ctx context.Context, input stepInput) (stepOutput, error) {
	attempt := activity.GetInfo(ctx).Attempt
	if attempt <= input.FailAttempts {
		return stepOutput{}, temporal.NewApplicationError(
			fmt.Sprintf("simulated failure of step %d, attempt %d of %d", input.Step, attempt, input.FailAttempts), simulatedFailure)
	}
	elapsed := elapsedBefore(ctx)
	for duration := time.Duration(input.DurationMs) * time.Millisecond; elapsed < duration; {
		slice := min(duration-elapsed, heartbeatInterval)
		select {
		case <-ctx.Done():
			return stepOutput{}, ctx.Err()
		case <-time.After(slice):
		}
		elapsed += slice
		activity.RecordHeartbeat(ctx, heartbeatDetails{ElapsedMs: elapsed.Milliseconds()})
	}
	return stepOutput{Step: input.Step, WorkerVersion: runner.workerVersion, Worker: runner.identity, Attempt: attempt}, nil
}

func elapsedBefore(ctx context.Context) time.Duration {
	var last heartbeatDetails
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil {
		return time.Duration(last.ElapsedMs) * time.Millisecond
	}
	return 0
}
