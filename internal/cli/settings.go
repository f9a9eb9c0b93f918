package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Settings come from the flags, then the environment (MAILAUDIT_...), then the config file, the first that has one.

// maxInput bounds every file that is read whole.
const maxInput = 64 << 20

// streamConfig is one entry of `streams` in the config file.
type streamConfig struct {
	Name       string   `yaml:"name"`
	IPs        []string `yaml:"ips"`
	MailFrom   string   `yaml:"mail_from"`
	HELO       string   `yaml:"helo"`
	DKIMDomain string   `yaml:"dkim_domain"`
	Selectors  []string `yaml:"selectors"`
	Daily      int      `yaml:"daily"`
}

// settle fills every flag that was not given from the environment and the config file, and returns the file's streams.
func settle(w World, cmd *cobra.Command) ([]streamConfig, error) {
	var problem error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "MAILAUDIT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v, ok := w.LookupEnv(name)
		if f.Changed || !ok || f.Name == "help" || problem != nil {
			return
		}
		if err := set(f, strings.Split(v, ",")); err != nil {
			problem = usagef("%s: %v", name, err)
		}
	})
	file := cmd.Flags().Lookup("config").Value.String()
	if problem != nil || file == "" {
		return nil, problem
	}
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return nil, usagef("%s: %s", file, yaml.FormatError(err, false, false))
	}
	var only struct {
		Streams []streamConfig `yaml:"streams"`
	}
	// The rest are names of flags: they are read below, one by one.
	if raw, ok := keys["streams"]; ok {
		b, err := yaml.Marshal(map[string]any{"streams": raw})
		if err == nil {
			err = yaml.UnmarshalWithOptions(b, &only, yaml.Strict())
		}
		if err != nil {
			return nil, usagef("%s: streams: %s", file, yaml.FormatError(err, false, false))
		}
		delete(keys, "streams")
	}
	for _, key := range sortedKeys(keys) {
		f := cmd.Flags().Lookup(strings.ReplaceAll(key, "_", "-"))
		if f == nil || f.Name == "config" || f.Name == "help" {
			return nil, usagef("%s: %q is no setting: the names are those of the flags, and streams", file, key)
		}
		if f.Changed {
			continue
		}
		var values []string
		switch v := keys[key].(type) {
		case []any:
			for _, x := range v {
				values = append(values, fmt.Sprint(x))
			}
		default:
			values = []string{fmt.Sprint(v)}
		}
		if err := set(f, values); err != nil {
			return nil, usagef("%s: %s: %v", file, key, err)
		}
	}
	return only.Streams, nil
}

// set gives a flag its values: several only where the flag may be repeated.
func set(f *pflag.Flag, values []string) error {
	_, repeats := f.Value.(pflag.SliceValue)
	if len(values) > 1 && !repeats {
		values = []string{strings.Join(values, ",")}
	}
	for _, v := range values {
		if err := f.Value.Set(strings.TrimSpace(v)); err != nil {
			return err
		}
	}
	f.Changed = true
	return nil
}

func sortedKeys(m map[string]any) []string {
	var l []string
	for k := range m {
		l = append(l, k)
	}
	slices.Sort(l)
	return l
}

// readFile reads a file whole, up to the bound.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err != nil {
		return nil, fileError(name, err)
	}
	if len(b) > maxInput {
		return nil, usagef("%s: larger than %d MiB", name, maxInput>>20)
	}
	return b, nil
}

func fileError(name string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return usagef("%s: %v", name, err)
}
