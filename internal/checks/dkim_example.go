package checks

import (
	"fmt"
	"strings"
)

// The keys of examples. Nobody has their private halves.
const (
	rsa512Example  = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAO8/3Wx64Xhyp9BMYplZbs0ZodgJBym/ln/vMXdvq/qMANdmhfWbEC82LUUOLet0TCiFxAofzu+JFZYPpu8c1rkCAwEAAQ=="
	rsa1024Example = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDfkW12bSBOINhRXKPixFdRIBcirnc1n6Lx/2kLw7KCD5z/SN73sl+WXrwYyOnul4gZ8xjUal2gdyg7loIY/25yzhlOrifqZN6Kro5SE3zrYbZcovgBKviKBdZ9DDcGmxpgS3jBf20AOUTUMsA0hR1uT0IqJA6VATwjJqXfBcUsjwIDAQAB"
	rsa2048Example = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9HSLbYtS9S1Oq6UiIXrDkrsqppG7EHsKKO0tKM/tLiV1/aQxaTtaR/UpTKFFAK1LneMpLUgi+YsQtPdIbkks2T80DWMu+NrvL2fz77rO18FeR+PJjmEJGd35dOQE8VXWUDnVgiFDrAC0vlAg9kgTUb7rNvN7IJgPI4C9gXRmSKyaUN2kspdEwfRn3kaQ2NORw+eDgbCwGfOaqztP8DlKx2c5ZpX66htLSZ2Y/eibikkN12tnaOiSoEi8PYhQK0EqFyQ2L3IVhhKxZHPNz/IOvtxZYBvrnCqyGv5cUqTqWJ5OFTlWyigH36QwEpUPmcO1k12etsuLIJ85Y6eLaWAuaQIDAQAB"
	rsa4096Example = "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAtKKwDByGDPxoQHrp1QNN+1PvUqf/c1FvQ+KA7tXW0Txx1CCz613ytLn2RljBJugIo20XPglrlxFKsqhpt2ZmXnDVSMhN+vbRKi+DaEV+eIefWMNmrtSfiNq16UxWdG/1WkfWgMZq4qeonXm0VmoW40r9JSek6NIRNK8k37HGQAui8/ABHailsvtXl0W2hO16LySUq63lAvitG06inj2pfZUO3jEpWcZANujCbwCFEY0cpoMcjBpW2oy3mNK9Oza+SDWYM/8lNT2HL8XZOPBIphv2kdDAbQ61vU9h1BP70DU7fAbwDOJpT8d93imP2owCwhumM94VwyVjWaGgPC1NhLYSrxxfgt5PASX/5QDrMdFkaE0bWjymz5FuzJOkF0cCtt7sDRBr25xCA1RdW5fbGExyNgv6gl+PIhgKmzcB/u1uaYmZMChMUZxxeIzYExYByQBh1IswjOeEgm8AoQ29E6ZnZ6spiTOpwxuu3WvxTl2/HZDl/fpb8eUN2iKhGaAuO0a/YRhbAfEV3f+mdMrT0q6T7DYFk6KR/rCIovO6V7GI2s1Mt7yX6RzUU5CsmYjafdyqJJzj2jiVl2w2/twvpk5GiN0zqNWvBgWl5krhKlQ6kgNvijp8cmeL4b9FrdoNYnjQR27rM/lOoccAXohTgiuGSIFo8Rxwf/SVVy/715ECAwEAAQ=="
	// Its exponent is 1.
	weakExample = "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEA3rVAYJqxxow5vpwuflsplBHcQXHR/VZXY6z9ExKVnb2d14eOUJ/aFhvM1s2Q566bUFfDNoxMEgyZnHky89ax6iFUTHdqdIkWNDOTgJvzRk1Vt3Se6+ktAihv7GjpZoLZXTMrRlkySpn70lAdLdJgok5YWEu+ZHYxn4ojuy5UYa0Xjn0YgIQ+ojSaUNzU2RgCwHONPoA+LGX/8JzopfN39eOTu4KNsVOyXtuFJBc9N7aom7XGCM1X0Ccjfv+WeNH6Zdi/dlhZS7oZDKJnXIUwMLA8+NLriRfhUgBlT3r/Dldpm8j9P+Qr+2YFzVRMbK0+nsG43vb8BvcDlM41pBHyDQIBAQ=="
	edExample   = "Os8EX7/+y6XjPEqHtH3FO/RGxlrUHBmjNP1OknWDe8I="
	otherEd     = "9Owggo4PqhzNwtFEA9K0oxGmMx9gRTH1E6ef/2ZPieU="
)

// keyAt is the zone-file line of a key record, in strings of at most 255 octets.
func keyAt(name, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. TXT", name)
	for len(text) > 0 {
		n := min(len(text), 255)
		fmt.Fprintf(&b, " %q", text[:n])
		text = text[n:]
	}
	return b.String()
}

// s1Example is the selector of the healthy domain with other key records.
func s1Example(texts ...string) string {
	lines := make([]string, len(texts))
	for i, text := range texts {
		lines[i] = keyAt("s1._domainkey.example.com", text)
	}
	return strings.Join(lines, "\n")
}
