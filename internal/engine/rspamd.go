package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// rspamd asks Rspamd (https://docs.rspamd.com/developers/protocol/, /checkv2).
func rspamd(ctx context.Context, dial DialFunc, addr, message string, from Envelope) (o Opinion, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/checkv2", strings.NewReader(message))
	if err != nil {
		return o, err
	}
	if from.IP.IsValid() {
		req.Header.Set("IP", from.IP.String())
	}
	for name, value := range map[string]string{"From": from.From, "Helo": from.HELO} {
		if value != "" && !strings.ContainsFunc(value, unicode.IsControl) { // no header holds that
			req.Header.Set(name, value)
		}
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return o, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return o, err
	}
	if resp.StatusCode != http.StatusOK {
		return o, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	var answer struct {
		Score    *float64 `json:"score"`
		Required *float64 `json:"required_score"`
		Symbols  map[string]struct {
			Score float64 `json:"score"`
		} `json:"symbols"`
		Skipped bool   `json:"is_skipped"`
		Action  string `json:"action"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return o, fmt.Errorf("%.80q is no answer of Rspamd", body)
	}
	// A message that is refused before its symbols are counted, by GTUBE or a list, is skipped, too, and has the score for that.
	refused := answer.Action == "reject" && answer.Score != nil && answer.Required != nil
	switch {
	case answer.Skipped && !refused:
		return o, fmt.Errorf("it did not score the message, and its action is %.40q", answer.Action)
	case answer.Score == nil || answer.Required == nil:
		return o, fmt.Errorf("the answer has no score")
	}
	var l []string
	for name, s := range answer.Symbols {
		if s.Score != 0 || answer.Skipped {
			l = append(l, name)
		}
	}
	// What counts most comes first.
	slices.SortFunc(l, func(a, b string) int {
		switch x, y := answer.Symbols[a].Score, answer.Symbols[b].Score; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a, b)
	})
	return Opinion{Score: *answer.Score, Required: *answer.Required, Symbols: symbols(l)}, nil
}
