package dkim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"testing"
)

// primorial is the product that the weak library used for keys of 512 to 960 bits.
func primorial() *big.Int {
	m := big.NewInt(2)
	for _, p := range rocaPrimes {
		m.Mul(m, new(big.Int).SetUint64(p))
	}
	return m
}

// weakPrime is the first prime of the weak library's form for an exponent, with that many bits or a few more.
func weakPrime(a int64, bits uint) *big.Int {
	m := primorial()
	p := new(big.Int).Exp(big.NewInt(65537), big.NewInt(a), m)
	k := new(big.Int).Lsh(big.NewInt(1), bits)
	p.Add(p, k.Mul(k.Div(k, m), m))
	for !p.ProbablyPrime(20) {
		p.Add(p, m)
	}
	return p
}

func TestROCA(t *testing.T) {
	m := primorial()
	if want := "924cba6ae99dfa084537facc54948df0c23da044d8cabe0edd75bc6"; m.Text(16) != want {
		t.Fatalf("the product is %x, and the published one %s", m, want)
	}
	weak := new(big.Int).Mul(weakPrime(1234567, 512), weakPrime(7654321, 512))
	// Modulo each prime a power of 65537, and yet none modulo their product: the exponents disagree.
	mod3 := func(n *big.Int) int64 { return new(big.Int).Mod(n, big.NewInt(3)).Int64() }
	each, rest := new(big.Int).Set(weak), new(big.Int).Div(m, big.NewInt(3))
	for mod3(each) == mod3(weak) || mod3(each) == 0 {
		each.Add(each, rest)
	}
	plain, _ := new(big.Int).SetString("170141183460469231731687303715884105727", 10) // 2^127-1, a prime
	tests := []struct {
		name string
		n    *big.Int
		want bool
	}{
		{"two primes of the weak form", weak, true},
		{"one prime of the weak form", new(big.Int).Mul(weakPrime(1234567, 512), plain), false},
		{"a power modulo each prime alone", each, false},
		{"a power of 65537", new(big.Int).Exp(big.NewInt(65537), big.NewInt(99), nil), true},
		{"divisible by a small prime", new(big.Int).Mul(weak, big.NewInt(167)), false},
		{"zero", new(big.Int), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := roca(tt.n); got != tt.want {
				t.Errorf("roca = %v", got)
			}
		})
	}

	key := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: weak, E: 65537}))
	if r := Parse("p=" + key); !r.ROCA || !r.Usable() {
		t.Errorf("Parse = %+v, want a usable key with the mark", r)
	}
}
