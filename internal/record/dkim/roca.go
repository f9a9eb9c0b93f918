package dkim

import "math/big"

// rocaPrimes are the odd ones of the first 39 primes. The library of CVE-2017-15361 made every prime of a key as
// k*M + (65537^a mod M), where M is a product of at least these (Nemec et al., "The Return of Coppersmith's Attack",
// CCS 2017, 2.1). The product of two such primes is a power of 65537 modulo M as well, and that is the mark of a weak key.
var rocaPrimes = [...]uint64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// roca tells whether n is a power of 65537 modulo the product of rocaPrimes. The odds that a modulus of another origin is
// one are about 1 in 2^155: there are some 2^61 powers among 2^216 units.
func roca(n *big.Int) bool {
	// From one prime to the next, the exponent is known to be c modulo m.
	c, m := uint64(0), uint64(1)
	for _, p := range rocaPrimes {
		rest := new(big.Int).Mod(n, new(big.Int).SetUint64(p)).Uint64()
		o := order(p)
		both := m / gcd(m, o) * o // at most 2454106387091158800, the order of 65537 modulo the whole product
		for power(c%o, p) != rest {
			if c += m; c >= both {
				return false
			}
		}
		m = both
	}
	return true
}

// order is that of 65537 modulo a prime.
func order(p uint64) uint64 {
	n := uint64(1)
	for power(n, p) != 1 {
		n++
	}
	return n
}

// power is 65537^e modulo a prime, both of them small.
func power(e, p uint64) uint64 {
	x := uint64(1)
	for range e {
		x = x * 65537 % p
	}
	return x
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
