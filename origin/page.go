package origin

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// text returns a page.
func (s *Server) text(p page) []byte {
	switch p {
	case pageCA:
		return s.CA()
	case pageClientCert:
		return s.ClientCert()
	case pageClientKey:
		return s.ClientKey()
	}
	return []byte(Help())
}

// Help returns the page that tells what a server does, which is made of the tables
// that do it.
func Help() string {
	var text strings.Builder
	text.WriteString(`This is a test origin. It answers as the request asks it to, in its path, in its
query, or in both:

    /status/503/delay/1s
    /any/path?body=10MiB&reset=100

A path whose first word is none of those below means nothing: the answer tells
the request. What cannot be done is answered with 400 and the reason.
An origin whose flags say what it does unasked has this page at /help alone.

`)
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, b := range behaviours {
		if b.page == noPage {
			fmt.Fprintf(out, "  %s\t%s\n", strings.TrimSpace(b.name+" "+b.value), b.help)
		}
	}
	out.Flush()
	text.WriteString("\nThe origin's own pages:\n\n")
	for _, b := range behaviours {
		if b.page != noPage {
			fmt.Fprintf(out, "  /%s\t%s\n", b.name, b.help)
		}
	}
	out.Flush()
	text.WriteString(`
With TLS, the first label of the name in the client's handshake (SNI) says what
goes wrong, as in expired.localhost. Without such a label it is what the listener
was told.

`)
	for _, f := range faults {
		fmt.Fprintf(out, "  %s\t%s\n", f.name, f.help)
	}
	out.Flush()
	return text.String()
}
