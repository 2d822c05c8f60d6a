module headwater

go 1.26.0

// SQLite in pure Go: the binary needs neither cgo nor a database server.
require modernc.org/sqlite v1.61.1

// Two packages of it, which import nothing but the standard library. dns/dnsmessage
// packs and parses messages: Go's resolver does not tell TTLs, and miekg/dns would
// be a whole client and server. http2/hpack decodes what clients send: its table
// and Huffman code have been under attack for ten years, and ours would be the same.
require golang.org/x/net v0.62.0

// Two packages of it, which import nothing but the standard library. ocsp reads what an
// issuer says of a certificate before clients are given that. acme speaks with
// authorities; certmagic, which does more, brings ten modules, 3.2 MB of binary,
// listeners of its own, and goroutines that nothing ends.
require golang.org/x/crypto v0.58.0

// Numbers of system calls that package syscall has not.
require golang.org/x/sys v0.49.0

require (
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/fatih/color v1.19.0 // indirect
	github.com/go-jose/go-jose/v4 v4.1.4 // indirect
	github.com/google/go-querystring v1.1.0 // indirect
	github.com/google/jsonapi v1.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/letsencrypt/challtestsrv v1.4.2 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/miekg/dns v1.1.62 // indirect
	github.com/mitchellh/mapstructure v1.5.0 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/peterhellberg/link v1.2.0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/stretchr/testify v1.11.1 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	honnef.co/go/tools v0.8.2 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

// Used by tests alone.
require (
	github.com/dnaeon/go-vcr v1.2.0 // reads the exchanges that go-fastly was recorded with
	github.com/fastly/go-fastly/v12 v12.1.0 // Fastly's own client drives the API
	github.com/google/go-cmp v0.7.0 // shows what differs
	github.com/letsencrypt/pebble/v2 v2.10.1 // is an authority that speaks ACME
	github.com/rogpeppe/go-internal v1.16.0 // testscript runs the pages of cmd/headwater/testdata/script
	github.com/summerwind/h2spec v2.2.1+incompatible // judges what the edge makes of HTTP/2
	pgregory.net/rapid v1.3.0 // compares the API with a model, over random sequences of calls
)

// Finds in "make check" what vet does not.
tool honnef.co/go/tools/cmd/staticcheck
