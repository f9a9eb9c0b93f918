//go:build lab

//go:debug rsa1024min=0
package labmatrix

import (
	"context"
	"fmt"
	"os"
	"testing"

	"mailaudit/internal/netlab"
)

// matrix is the lab that all tests share.
var matrix *Matrix

// running ends when the tests are interrupted: what they have started ends then, so that they end themselves.
var running context.Context

func TestMain(m *testing.M) {
	netlab.Play(Parts())
	os.Exit(netlab.Main(func() (w netlab.World, err error) {
		matrix, err = New(os.DirFS("../../lab"))
		return matrix, err
	}, func() string {
		return fmt.Sprintf("the lab is up; its files are in %s\nip netns exec %s %s check good.example --ip %s", matrix.Dir, matrix.Auditor, matrix.Binary(), senders[0].addr())
	}, func(ctx context.Context) int {
		running = ctx
		return m.Run()
	}))
}
