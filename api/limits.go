package api

// Limits bound what one call and one client may cost. Zero values choose the
// defaults.
type Limits struct {
	// Body is how many bytes a body may have; 1 MiB.
	Body int

	// WrongTokens is how many refused tokens an address has a minute before the
	// answer turns from 401 to 429; 100. Good tokens from that address keep
	// working: the one who guesses may share it with others.
	WrongTokens int
}

func (l Limits) withDefaults() Limits {
	for _, limit := range []struct {
		at  *int
		def int
	}{
		{&l.Body, DefaultBody},
		{&l.WrongTokens, DefaultWrongTokens},
	} {
		if *limit.at == 0 {
			*limit.at = limit.def
		}
	}
	return l
}

// The limits of those that say nothing.
const (
	DefaultBody        = 1 << 20
	DefaultWrongTokens = 100
)
