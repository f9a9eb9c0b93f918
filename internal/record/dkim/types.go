package dkim

import "mailaudit/internal/record/taglist"

// Record is a DKIM key record (RFC 6376 3.6.1, RFC 8301, RFC 8463) with every problem that its text has.
type Record struct {
	Text     string        `json:"text"`
	Tags     []taglist.Tag `json:"tags"`
	KeyType  string        `json:"key_type"`           // k=, lower case as published; "rsa" where left out
	Bits     int           `json:"bits,omitempty"`     // of the modulus (rsa) or 256 (ed25519); 0 where there is no key
	Exponent int           `json:"exponent,omitempty"` // of an RSA key
	ROCA     bool          `json:"roca,omitempty"`     // the RSA key is of the kind that CVE-2017-15361 lets anybody compute
	Revoked  bool          `json:"revoked,omitempty"`  // p= is there and empty
	Hashes   []string      `json:"hashes,omitempty"`   // h=; empty: all
	Services []string      `json:"services,omitempty"` // s=; empty: all
	Testing  bool          `json:"testing,omitempty"`  // t=y
	Strict   bool          `json:"strict,omitempty"`   // t=s
	Problems []Problem     `json:"problems,omitempty"` // each makes the key unusable
}

// Kind says what is wrong with a key record.
type Kind string

// The kinds of problems. Each makes verifiers ignore the key.
const (
	Version      Kind = "version"   // v= not first or not DKIM1
	DuplicateTag Kind = "duplicate" // a tag stands twice (RFC 6376 3.2)
	Syntax       Kind = "syntax"    // no tag list
	NoKey        Kind = "p-missing"
	BadKey       Kind = "p-invalid" // base64 or DER broken, or not a key of the k= type
	KeyType      Kind = "k-unknown"
	Hash         Kind = "h-sha1" // h= names no hash that may be used (RFC 8301 3.1)
	Service      Kind = "s-tag"  // s= without * or email
	ShortKey     Kind = "key-short"
)

// Problem is one fault and its place.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Tag     string `json:"tag"`
	Offset  int    `json:"offset"` // octets from the start of the text; 0 where the tag is not there
	Message string `json:"message"`
}
