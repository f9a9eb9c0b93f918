package receivers

import (
	"slices"

	"mailaudit/internal/facts"
)

// Forecast is what the receivers, or set-ups of the lab, with the given names would answer, in the order of Books and Lab;
// without names, all of Books.
func Forecast(f *facts.Facts, names []string) []Entry {
	if len(names) == 0 {
		return forecast(f, Books)
	}
	return forecast(f, slices.DeleteFunc(slices.Concat(Books, Lab), func(b Book) bool { return !slices.Contains(names, b.Name()) }))
}

// Foretell is what one set-up of the lab would answer.
func Foretell(f *facts.Facts, b Book) []Entry { return forecast(f, []Book{b}) }

func forecast(f *facts.Facts, books []Book) []Entry { return Worst(Answers(f, books)) }
