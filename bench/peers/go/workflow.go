package main

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"
)

// lifecycleRun is the state of one run: what the query reads and what signals and updates change.
type lifecycleRun struct {
	input  lifecycleInput
	paused bool
	done   []stepOutput
}

// lifecycleWorkflow runs the steps in a coroutine that is created after the one that listens to signals. The SDK resumes coroutines in the order
// of their creation: when one workflow task brings both a pause and the end of a step, the pause counts first, as it does in the SDKs that are
// built on Core. Otherwise a history of one could not be continued by the other.
func lifecycleWorkflow(ctx workflow.Context, given *lifecycleInput) (lifecycleResult, error) {
	run := &lifecycleRun{input: defaultInput()}
	if given != nil {
		run.input = *given
	}
	if err := run.setHandlers(ctx); err != nil {
		return lifecycleResult{}, err
	}
	workflow.Go(ctx, run.listen)
	steps, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) { settle.Set(nil, run.runSteps(ctx)) })
	if err := steps.Get(ctx, nil); err != nil {
		return lifecycleResult{}, err
	}
	return resultOf(run.done), nil
}

func (run *lifecycleRun) setHandlers(ctx workflow.Context) error {
	if err := workflow.SetQueryHandler(ctx, progressQuery, func() (progress, error) {
		return progress{StepsCompleted: len(run.done), StepsTotal: run.input.Steps, CurrentStep: len(run.done)}, nil
	}); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, durationUpdate,
		func(_ workflow.Context, wanted stepDuration) (stepDuration, error) {
			run.input.StepDurationMs = wanted.StepDurationMs
			return wanted, nil
		},
		workflow.UpdateHandlerOptions{Validator: func(wanted stepDuration) error {
			if wanted.StepDurationMs < 0 {
				return fmt.Errorf("step_duration_ms is %d: it must not be negative", wanted.StepDurationMs)
			}
			return nil
		}})
}

func (run *lifecycleRun) listen(ctx workflow.Context) {
	selector := workflow.NewSelector(ctx)
	run.listenTo(ctx, selector, pauseSignal, true)
	run.listenTo(ctx, selector, resumeSignal, false)
	for {
		selector.Select(ctx)
	}
}

func (run *lifecycleRun) listenTo(ctx workflow.Context, selector workflow.Selector, signal string, paused bool) {
	selector.AddReceive(workflow.GetSignalChannel(ctx, signal), func(channel workflow.ReceiveChannel, _ bool) {
		channel.Receive(ctx, nil)
		run.paused = paused
	})
}

func (run *lifecycleRun) runSteps(ctx workflow.Context) error {
	for step := range run.input.Steps {
		if err := workflow.Await(ctx, func() bool { return !run.paused }); err != nil {
			return err
		}
		var done stepOutput
		if err := workflow.ExecuteActivity(run.activityOptions(ctx), activityTypeName, run.stepInput(step)).Get(ctx, &done); err != nil {
			return err
		}
		run.done = append(run.done, done)
	}
	return nil
}

func (run *lifecycleRun) activityOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Duration(run.input.StepDurationMs)*time.Millisecond + startToCloseMargin,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         run.input.Retry.policy(),
	})
}

// stepInput names the failures only for the step that is to fail, so that the other steps' inputs are the same with and without them.
func (run *lifecycleRun) stepInput(step int) stepInput {
	input := stepInput{Step: step, DurationMs: run.input.StepDurationMs}
	if run.input.FailStep != nil && *run.input.FailStep == step && run.input.FailAttempts > 0 {
		input.FailAttempts = run.input.FailAttempts
	}
	return input
}
