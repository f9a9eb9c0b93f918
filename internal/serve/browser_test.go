//go:build browser

package serve

import (
	"encoding/json"
	"strings"
	"testing"

	"mailaudit/internal/browsertest"
)

// TestBrowser goes from the form to the report and back in Chromium: `make browser`.
func TestBrowser(t *testing.T) {
	w := start(t, nil)
	w.audit("shop.example")
	w.audit("shop.example")
	failed := w.audit("panic.example")
	a := w.audit("evil.example") // its records are hostile
	slow := start(t, func(_ *Config, w *world) { w.gate = make(chan struct{}) })
	defer close(slow.gate)
	waiting, _ := slow.send("POST", "/api/v1/audits", Request{Domain: "slow.example"})
	home := w.url + "/"
	for _, l := range browsertest.Looks(t, "testdata/browser.mjs", home, home+"audits/"+a.ID, home+"audits/"+failed.ID, home+"domains/shop.example", home+"audits/none",
		slow.url+strings.TrimPrefix(waiting.Header.Get("Location"), "/api/v1")) {
		if strings.HasSuffix(l.Page, "/none") && !strings.Contains(l.Text, "No such audit") {
			t.Errorf("of an audit that there is not: %s", l.Text)
		}
		if l.Page != home {
			continue
		}
		var s struct {
			Wrong  string
			Report string
			Trend  int
		}
		if err := json.Unmarshal(l.Seen, &s); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(s.Report, "192.0.2.26") || !strings.Contains(s.Report, "Who would refuse") || s.Trend == 0 || !strings.Contains(s.Wrong, "is not a domain name") || !strings.HasSuffix(s.Wrong, " shop") {
			t.Errorf("%d px, scripts %v: %+v", l.Width, l.Scripts, s)
		}
	}
}
