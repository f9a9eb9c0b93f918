package receivers

// WarmUpFrom is how many messages a new address or domain sends on its first day.
const WarmUpFrom = 50

// WarmUp is how many messages a day an address or a domain sends that nobody knows yet, day by day, until it is at daily; none where
// that is not above WarmUpFrom.
//
// The figures are a convention. Google's sender guidelines ask to begin low and to grow slowly, and name doubling at once as what
// leads to limits; no receiver says how slowly. So each day has half as many again as the day before.
func WarmUp(daily int) []int {
	if daily <= WarmUpFrom {
		return nil
	}
	var l []int
	for n := WarmUpFrom; n < daily; n += n / 2 {
		l = append(l, n)
		if n > daily/3*2 { // the next step leads to the end, or past what an int holds
			break
		}
	}
	return append(l, daily)
}
