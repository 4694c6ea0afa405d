package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

type replayFigures struct {
	Peer            string  `json:"peer"`
	Events          int     `json:"events"`
	Replays         int     `json:"replays"`
	EventsPerSecond int     `json:"events_per_s"`
	CPUMicroseconds float64 `json:"cpu_us_per_event"`
}

// replay runs the workflow's code against one history, `times` times after a first one that warms up, and prints the pace as a JSON line.
func replay(path string, times int) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	if err != nil {
		return fmt.Errorf("%s is no history: %w", path, err)
	}
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(lifecycleWorkflow, workflow.RegisterOptions{Name: workflowTypeName})
	if err := replayer.ReplayWorkflowHistory(quietLogger(), history); err != nil {
		return err
	}
	begin, cpuBegin := time.Now(), processCPU()
	for range times {
		if err := replayer.ReplayWorkflowHistory(quietLogger(), history); err != nil {
			return err
		}
	}
	wall, cpu := time.Since(begin), processCPU()-cpuBegin
	events := float64(len(history.Events) * max(times, 1))
	return json.NewEncoder(os.Stdout).Encode(replayFigures{
		Peer: "go", Events: len(history.Events), Replays: times,
		EventsPerSecond: int(events / wall.Seconds()),
		CPUMicroseconds: cpu.Seconds() * 1e6 / events,
	})
}

func processCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
