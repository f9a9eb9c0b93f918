package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"mailaudit/internal/gather"
	"mailaudit/internal/recording"
)

// record keeps all that the world answers in a file, until the job is finished.
func (j *job) record(env *gather.Env, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fileError(name, err)
	}
	b := bufio.NewWriter(f)
	w := recording.NewWriter(b, time.Now())
	env.DNS = w.Resolver(env.DNS)
	if env.Probe != nil {
		env.Probe = w.Probe(env.Probe)
	}
	if env.Reach != nil {
		env.Reach = w.Reach(env.Reach)
	}
	if env.Fetch != nil {
		env.Fetch = w.Fetch(env.Fetch)
	}
	j.finish = func() error {
		if err := errors.Join(w.Err(), b.Flush(), f.Close()); err != nil {
			return fmt.Errorf("%s: the recording is not whole: %w", name, err)
		}
		return nil
	}
	return nil
}

// end brings what the world keeps to its end, and makes it the failure of the run that it could not be.
func (j *job) end(failed *error) {
	if j.finish == nil {
		return
	}
	if err := j.finish(); err != nil {
		*failed = err
	}
}

// readRecording reads a file that --record made.
func readRecording(name string) (*recording.Recording, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	r, err := recording.Read(bufio.NewReader(f))
	if err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	return r, nil
}
