package testnet

import (
	"errors"
	"net"
	"testing"
	"time"
)

func TestFiltered(t *testing.T) {
	addr, release, err := Filtered()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	c, err := net.DialTimeout("tcp", addr.String(), 200*time.Millisecond)
	if err == nil {
		c.Close()
		t.Fatal("connected")
	}
	if e := net.Error(nil); !errors.As(err, &e) || !e.Timeout() {
		t.Errorf("got %v", err)
	}
}
