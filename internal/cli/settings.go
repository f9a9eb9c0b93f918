package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/receivers"
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
	Learned    []string `yaml:"-"` // fields that were taken from a message
	ByReports  bool     `yaml:"-"` // they were taken from DMARC aggregate reports
}

// settle fills every flag that was not given from the environment and the config file, and returns the file's streams.
func settle(w World, cmd *cobra.Command) ([]streamConfig, error) {
	flags := cmd.Flags()
	if f := flags.Lookup("history"); f != nil && f.Hidden && f.Changed {
		return nil, usageError{cmd.Name() + " keeps no history", helpOf(cmd)}
	}
	if offline, _ := flags.GetBool("offline"); offline && !flags.Changed("resolver") {
		// Who types --offline asks nobody, whatever servers the environment or the file names for other runs.
		defer func() { _ = flags.Lookup("resolver").Value.(pflag.SliceValue).Replace(nil) }() // it takes no list at all
	}
	return settleThose(w, cmd, isSetting)
}

// settleSome fills the flags for which that is so, of a command that is no audit: what else the file has is for check.
func settleSome(w World, cmd *cobra.Command, so func(*pflag.Flag) bool) error {
	_, err := settleThose(w, cmd, so)
	return err
}

func settleThose(w World, cmd *cobra.Command, so func(*pflag.Flag) bool) ([]streamConfig, error) {
	flags := cmd.Flags()
	problem := fromEnvironment(w, flags, so)
	file := flags.Lookup("config").Value.String()
	if problem != nil || file == "" {
		return nil, problem
	}
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	return fromConfig(file, text, flags, so, cmd.Root().Flags())
}

// fromEnvironment fills the flags for which that is so, and that were not given, from the environment.
func fromEnvironment(w World, flags *pflag.FlagSet, so func(*pflag.Flag) bool) (problem error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := "MAILAUDIT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v, _ := w.LookupEnv(name)
		if f.Changed || v == "" || !so(f) || problem != nil {
			return
		}
		if err := set(f, name, strings.Split(v, ",")); err != nil {
			problem = usagef("%s: %v", name, err)
		}
	})
	return problem
}

// isSetting says whether a flag can be given in the environment: not those that ask for something else than an audit.
func isSetting(f *pflag.Flag) bool { return f.Name != "help" && f.Name != "version" }

// fromConfig fills every flag for which that is so, and that is still open, from the text of a config file. All are the flags of
// check: a key may be one of them that this command does not take, and is none of its business then.
func fromConfig(file string, text []byte, flags *pflag.FlagSet, so func(*pflag.Flag) bool, all *pflag.FlagSet) ([]streamConfig, error) {
	var nodes map[string]ast.Node // nil for a key without a value, which says nothing
	if err := document(file, text, &nodes); err != nil {
		return nil, err
	}
	var streams []streamConfig
	if n := nodes["streams"]; n != nil {
		literally(n)
		if err := decoded(func() error { return yaml.NodeToValue(n, &streams, yaml.Strict()) }); err != nil {
			return nil, yamlError(file, err)
		}
	}
	delete(nodes, "streams")
	keys := map[string]string{} // by the name of their flag
	for _, key := range slices.Sorted(maps.Keys(nodes)) {
		n, at := nodes[key], file
		if n != nil {
			at = fmt.Sprintf("%s:%d", file, n.GetToken().Position.Line)
		}
		name := strings.ReplaceAll(key, "_", "-")
		f := flags.Lookup(name)
		if known := cmp.Or(all.Lookup(name), f); known == nil || name == "config" || !isSetting(known) {
			return nil, usagef("%s: %q is no setting: the names are those of the flags, and streams", at, key)
		}
		if other, twice := keys[name]; twice {
			return nil, usagef("%s: %s and %s are the same setting", at, other, key)
		}
		keys[name] = key
		if n == nil || f == nil || !so(f) {
			continue
		}
		if len(streams) > 0 && slices.Contains(streamFlags, f.Name) {
			return nil, usagef("%s: %s stands beside streams: each of them says its own", at, key)
		}
		if f.Changed {
			continue
		}
		var v any
		if err := decoded(func() error { return yaml.NodeToValue(literally(n), &v) }); err != nil {
			return nil, yamlError(file, err)
		}
		values, err := texts(f, v)
		if err == nil {
			err = set(f, at, values)
		}
		if err != nil {
			return nil, usagef("%s: %s: %v", at, key, err)
		}
	}
	return streams, nil
}

// maxYAML bounds a file of settings or suppressions. The library compares each key of a mapping with all others: 1 MiB of them takes
// a minute and a half.
const maxYAML = 128 << 10

// document reads a file of one YAML document: what stands in another would be passed over. What would cost more to read than its size
// tells is refused: the library takes 24 GB for 300,000 brackets.
func document(file string, text []byte, into any) error {
	if len(text) > maxYAML {
		return usagef("%s: larger than %d KiB", file, maxYAML>>10)
	}
	if n := receivers.TooDeep(string(text)); n > 0 {
		return usagef("%s:%d: nested deeper than %d", file, n, receivers.MaxDepth)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := decoded(func() error { return d.Decode(into) })
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return yamlError(file, err)
	}
	var more ast.Node
	if err := decoded(func() error { return d.Decode(&more) }); !errors.Is(err, io.EOF) && (err != nil || more != nil) {
		return usagef("%s: a second document begins with ---: one is read", file)
	}
	return nil
}

// literally makes texts of numbers, as they are written: a selector 0426 is no octal number. Those of daily are numbers.
func literally(n ast.Node) ast.Node {
	switch x := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return ast.String(n.GetToken())
	case *ast.AnchorNode:
		x.Value = literally(x.Value)
	case *ast.SequenceNode:
		for i := range x.Values {
			x.Values[i] = literally(x.Values[i])
		}
	case *ast.MappingNode:
		for _, v := range x.Values {
			if v.Key.String() != "daily" {
				v.Value = literally(v.Value)
			}
		}
	}
	return n
}

// decoded reads YAML, and makes an error of what the library cannot take: a tag where it expects a list ends it in a panic.
func decoded(read func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("tags are not read")
		}
	}()
	return read()
}

// yamlError says in which line of the file a mistake is.
func yamlError(file string, err error) error {
	var at yaml.Error
	var kind *yaml.TypeError
	if errors.As(err, &kind) && kind.GetToken() != nil { // it talks of Go
		return usagef("%s:%d: a value of the wrong kind", file, kind.GetToken().Position.Line)
	}
	if errors.As(err, &at) && at.GetToken() != nil {
		return usagef("%s:%d: %s", file, at.GetToken().Position.Line, at.GetMessage())
	}
	return usagef("%s: %v", file, err)
}

// texts are the values of a flag: several only where it may be repeated.
func texts(f *pflag.Flag, v any) ([]string, error) {
	l, list := v.([]any)
	if _, repeats := f.Value.(pflag.SliceValue); list && !repeats {
		return nil, errors.New("a list, where one value belongs")
	}
	if !list {
		l = []any{v}
	}
	out := make([]string, len(l))
	for i, v := range l {
		switch v.(type) {
		case string, bool, int, int64, uint64, float64: // numbers by their tag, such as !!int
			out[i] = fmt.Sprint(v)
		default:
			return nil, errors.New("neither a text nor a number")
		}
	}
	return out, nil
}

// origin is the annotation of a flag that says where its value came from, unless it was typed.
const origin = "mailaudit_origin"

// set gives a flag its values, and takes note of where they stand: several only where the flag may be repeated.
func set(f *pflag.Flag, from string, values []string) error {
	_, repeats := f.Value.(pflag.SliceValue)
	if len(values) > 1 && !repeats {
		values = []string{strings.Join(values, ",")}
	}
	for _, v := range values {
		v = strings.TrimSpace(v)
		if err := f.Value.Set(v); err != nil {
			return badValue(f, v, err)
		}
	}
	f.Changed = true
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[origin] = []string{from}
	return nil
}

// badValue says what kind of value a flag takes.
func badValue(f *pflag.Flag, v string, err error) error {
	switch f.Value.Type() {
	case "int":
		return fmt.Errorf("%q is not a whole number", v)
	case "bool":
		return fmt.Errorf("%q is neither true nor false", v)
	case "duration":
		return fmt.Errorf("%q is not a duration such as 30s or 2m", v)
	}
	return fmt.Errorf("%q: %w", v, err)
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
