package api

// Limits bound what one call and one client may cost. Zero values choose the
// defaults.
type Limits struct {
	Body   int // bytes of a body; 1 MiB
	Fields int // keys of a body, and members of its lists; 1000
	Depth  int // objects and lists within each other in a JSON body; 32

	// Field is how many bytes the value of one key may have; 768 KiB. Most fields
	// take less, as the kind's table says.
	Field int

	PEM     int // bytes of a certificate or key; 256 KiB
	Package int // bytes of the upload of a package; 100 MiB

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
		{&l.Fields, DefaultFields},
		{&l.Depth, DefaultDepth},
		{&l.Field, DefaultField},
		{&l.PEM, DefaultPEM},
		{&l.Package, DefaultPackage},
		{&l.WrongTokens, DefaultWrongTokens},
	} {
		if *limit.at == 0 {
			*limit.at = limit.def
		}
	}
	return l
}

// The limits of those that say nothing. The largest kind has about forty fields,
// and nothing that the API reads nests deeper than three.
const (
	DefaultBody        = 1 << 20
	DefaultFields      = 1000
	DefaultDepth       = 32
	DefaultField       = 768 << 10
	DefaultPEM         = 256 << 10
	DefaultPackage     = 100 << 20
	DefaultWrongTokens = 100
)
