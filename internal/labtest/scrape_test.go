//go:build lab

package labtest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"mailaudit/internal/netlab"
)

// TestScrape: a real Prometheus, with the configuration that docs/serve.md shows, gets the score of a domain from a real serve, and
// what serve tells of itself.
func TestScrape(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(page), "```yaml\n")
	config, _, found := strings.Cut(config, "```")
	for _, r := range [][2]string{{"scrape_interval: 1h", "scrape_interval: 2s"}, {"scrape_timeout: 30s", "scrape_timeout: 2s"}, {"[example.com, example.org]", "[good.example, nothere.example]"}} {
		found = found && strings.Contains(config, r[0])
		config = strings.Replace(config, r[0], r[1], 1)
	}
	if !found {
		t.Fatalf("docs/serve.md has another configuration:\n%s", config)
	}
	config += "  - job_name: itself\n    scrape_interval: 2s\n    scrape_timeout: 2s\n    static_configs: [{targets: ['127.0.0.1:8025']}]\n"
	if err := lab.Write("prometheus.yml", []byte(config)); err != nil {
		t.Fatal(err)
	}
	serve := append([]string{lab.Binary(), "serve", "--listen", "127.0.0.1:8025", "--only", "domain,spf,dmarc,mx"}, public()...)
	prometheus := []string{"prometheus", "--config.file=" + lab.Path("prometheus.yml"), "--storage.tsdb.path=" + lab.Path("prometheus"), "--web.listen-address=127.0.0.1:9090"}
	for name, args := range map[string][]string{"serve": serve, "prometheus": prometheus} {
		if err := lab.Start(lab.Auditor, name, nil, args...); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(running, 2*time.Minute) // what never comes fails
	defer cancel()
	for query, want := range map[string]string{
		`mailaudit_score{domain="good.example",instance="good.example"}`:            "=> 100 ",
		`probe_success{instance="good.example"}`:                                    "=> 1 ",
		`probe_success{instance="nothere.example"}`:                                 "=> 0 ",
		`sum(mailaudit_serve_audits_total) > bool 0`:                                "=> 1 ",
		`scrape_samples_scraped{job="mailaudit",instance="good.example"} > bool 10`: "=> 1 ",
	} {
		var out []byte
		for !strings.Contains(string(out), want) {
			if ctx.Err() != nil {
				t.Fatalf("%s: %s", query, out)
			}
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
			out, _ = netlab.In(ctx, lab.Auditor, "promtool", "query", "instant", "http://127.0.0.1:9090", query).CombinedOutput()
		}
	}
}
