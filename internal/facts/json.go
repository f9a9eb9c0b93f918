package facts

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
)

// JSON is text, and what DNS and SMTP servers say may be any octets. Facts go to JSON and back without loss: an octet
// that is no part of UTF-8 is written as a rune at the end of Unicode's private use, which nobody publishes, and such a
// rune itself as its octets. Rules therefore judge saved facts as they judge fresh ones.

// raw is the rune that stands for the octet 0; only 0x80 to 0xFF occur.
const raw = 0x10FF00

// MarshalJSON writes all strings as escape makes them.
func (f Facts) MarshalJSON() ([]byte, error) {
	type plain Facts // without this method
	return json.Marshal(rewrite(reflect.ValueOf(plain(f)), escape).Interface())
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Facts) UnmarshalJSON(b []byte) error {
	type plain Facts
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*f = Facts(rewrite(reflect.ValueOf(p), unescape).Interface().(plain))
	return nil
}

// rewrite copies a value with each string changed. There is none in an unexported field, which is copied as it is.
func rewrite(v reflect.Value, change func(string) string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(change(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(rewrite(v.Elem(), change))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(rewrite(v.Index(i), change))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(rewrite(v.Field(i), change))
			}
		}
	}
	return out
}

// escape makes UTF-8 of any octets.
func escape(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, stands) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || stands(r) {
			for _, c := range []byte(s[:n]) {
				b.WriteRune(raw + rune(c))
			}
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unescape is the way back.
func unescape(s string) string {
	if !strings.ContainsFunc(s, stands) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if stands(r) {
			b.WriteByte(byte(r - raw))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stands reports whether a rune stands for an octet.
func stands(r rune) bool { return raw+utf8.RuneSelf <= r && r <= raw+0xFF }
