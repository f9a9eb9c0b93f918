//go:build lab

package labtest

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"mailaudit/internal/netlab"
)

// TestPrometheus: promtool takes what --format prometheus writes, and has nothing to say against its names and help texts.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	var metrics bytes.Buffer
	cmd := netlab.In(running, lab.Auditor, append([]string{lab.Binary(), "check", "-f", "prometheus", "--fail-on", "never", "--probe", "good.example", "nostarttls.example"}, public()...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "HOME="+t.TempDir()), &metrics, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mailaudit_score{", "mailaudit_certificate_not_after_timestamp_seconds{"} {
		if !bytes.Contains(metrics.Bytes(), []byte("\n"+name)) {
			t.Errorf("no %s} in\n%s", name, &metrics)
		}
	}
	check := exec.CommandContext(running, "promtool", "check", "metrics")
	check.Stdin = bytes.NewReader(metrics.Bytes())
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	check = exec.CommandContext(running, "promtool", "check", "metrics")
	check.Stdin = bytes.NewReader(append(metrics.Bytes(), "mailaudit_score{domain=\"\n"...))
	if err := check.Run(); err == nil {
		t.Error("promtool takes anything")
	}
}
