package program

import (
	"fmt"
	"strings"

	"headwater/service"
	"headwater/vcl/syntax"
)

// A macro is what is generated for one subroutine, and of which objects.
type macro struct {
	list
	sub      string   // recv, not vcl_recv
	from     []string // the objects, for people
	expanded bool
}

func (m *macro) credit(kind, name string) {
	m.from = append(m.from, fmt.Sprintf("%s '%s'", kind, name))
}

// macro returns what is generated for one subroutine.
func (b *builder) macro(sub string) *macro {
	m := &macro{sub: sub}
	switch sub {
	case "recv":
		b.recv(m)
	case "hash":
		b.hash(m)
	case "miss", "pass":
		b.bereq(m)
	case "fetch":
		b.fetch(m)
	case "error":
		b.failed(m)
	case "deliver":
		b.deliver(m)
	default:
		b.plain(m)
	}
	return m
}

// plain is a subroutine of which nothing is generated but the snippets.
func (b *builder) plain(m *macro) { m.addSnippets(b) }

// skeleton is the program of a version without a VCL of its own, by subroutine. The
// place of the default TTL, in seconds, is left open.
var skeleton = map[string]string{
	"recv": `sub vcl_recv {
  #FASTLY recv
  if (req.method != "HEAD" && req.method != "GET" && req.method != "FASTLYPURGE") {
    return(pass);
  }
  return(lookup);
}
`,
	"fetch": `sub vcl_fetch {
  declare local var.fastly_disable_restart_on_error BOOL;
  #FASTLY fetch
  if (!var.fastly_disable_restart_on_error && req.restarts < 1) {
    if ((beresp.status == 500 || beresp.status == 503) && (req.method == "GET" || req.method == "HEAD")) {
      restart;
    }
  }
  if (req.restarts > 0) {
    set beresp.http.Fastly-Restarts = req.restarts;
  }
  if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "private") {
    return(pass);
  }
  if (beresp.status == 500 || beresp.status == 503) {
    set beresp.ttl = 1s;
    set beresp.grace = 5s;
    return(deliver);
  }
  if (!beresp.http.Expires && beresp.http.Surrogate-Control !~ "max-age" && beresp.http.Cache-Control !~ "(?:s-maxage|max-age)") {
    set beresp.ttl = %ds;
  }
  return(deliver);
}
`,
	"hit": `sub vcl_hit {
  #FASTLY hit
  if (!obj.cacheable) {
    return(pass);
  }
  return(deliver);
}
`,
	"miss": `sub vcl_miss {
  #FASTLY miss
  return(fetch);
}
`,
	"deliver": `sub vcl_deliver {
  #FASTLY deliver
  return(deliver);
}
`,
	"error": `sub vcl_error {
  #FASTLY error
  return(deliver);
}
`,
	"pass": `sub vcl_pass {
  #FASTLY pass
  return(pass);
}
`,
	"log": `sub vcl_log {
  #FASTLY log
}
`,
	"hash": `sub vcl_hash {
  #FASTLY hash
  set req.hash += req.url;
  set req.hash += req.http.host;
  return(hash);
}
`,
}

// subroutines returns the declarations of the main VCL, and those of the
// skeleton's subroutines that it is without. What was declared before is declared.
func (b *builder) subroutines(declared []syntax.Decl) []syntax.Decl {
	x := &expander{builder: b, macros: map[string]*macro{}, seen: map[string]bool{}}
	var all []syntax.Decl
	main := b.main()
	if main != nil {
		for _, sub := range order {
			x.macros[sub] = b.macro(sub)
		}
		x.within, x.seen[main.Name] = []string{main.Name}, true
		all = x.decls(b.decls("vcl", main.Name, main.Content))
	}
	has, twice := named(all), named(declared)
	for _, sub := range order {
		switch c, common := b.common(sub); {
		case has["vcl_"+sub]:
		case common && b.share != nil && !twice["vcl_"+sub]:
			all = append(all, b.share(c))
		default:
			if main == nil {
				x.macros[sub] = b.macro(sub)
			}
			all = append(all, x.decls([]syntax.Decl{b.skeleton(sub)})...)
		}
	}
	if main != nil {
		b.warnOfLost(main, x.macros)
	}
	b.warnOfUnused()
	return all
}

// named are the names of the subroutines among declarations.
func named(decls []syntax.Decl) map[string]bool {
	all := map[string]bool{}
	for _, d := range decls {
		if sub, ok := d.(*syntax.Sub); ok {
			all[sub.Name.Text] = true
		}
	}
	return all
}

// main returns the VCL that takes the place of the skeleton, or nil.
func (b *builder) main() *service.VCL {
	for _, o := range service.All[*service.VCL](b.s, service.VCLKind) {
		if o.Main {
			return o
		}
	}
	return nil
}

// skeleton returns a subroutine of the skeleton.
func (b *builder) skeleton(sub string) syntax.Decl {
	text := skeleton[sub]
	if sub == "fetch" {
		text = fmt.Sprintf(text, b.settings.DefaultTTL)
	}
	unit, problems := syntax.ParseUnit(syntax.NewFile(Source, text))
	if len(problems) > 0 {
		panic("program: " + problems.Show())
	}
	return unit.Decls[0]
}

// warnOfLost tells which objects have no effect, or less, because the VCL is
// without a macro.
func (b *builder) warnOfLost(main *service.VCL, macros map[string]*macro) {
	for _, sub := range order {
		m := macros[sub]
		if m.expanded || len(m.from) == 0 {
			continue
		}
		const most = 10
		lost := strings.Join(m.from[:min(len(m.from), most)], ", ")
		if more := len(m.from) - most; more > 0 {
			lost += fmt.Sprintf(" and %d more", more)
		}
		b.warnf("VCL '%s': vcl_%s is without the macro #FASTLY %s, and so without %s", main.Name, sub, sub, lost)
	}
}

func (b *builder) warnOfUnused() {
	for _, o := range service.All[*service.VCL](b.s, service.VCLKind) {
		if !o.Main && !b.used[o.Name] {
			b.warnf("VCL '%s' is neither the main one nor included, and has no effect", o.Name)
		}
	}
}

// order is that of the subroutines in generated VCL.
var order = []string{"recv", "fetch", "hit", "miss", "deliver", "error", "pass", "log", "hash"}

// merge makes one subroutine of all those of the language that have one name:
// their statements follow each other.
func merge(decls []syntax.Decl) (all []syntax.Decl) {
	first := map[string]*syntax.Sub{}
	for _, d := range decls {
		sub, ok := d.(*syntax.Sub)
		if !ok || !strings.HasPrefix(sub.Name.Text, "vcl_") {
			all = append(all, d)
			continue
		}
		old := first[sub.Name.Text]
		if old == nil {
			first[sub.Name.Text] = sub
			all = append(all, d)
			continue
		}
		l := &list{stmts: old.Body.Stmts, waiting: append(old.Body.Comments, sub.Comments...)}
		l.add(sub.Body.Stmts...)
		old.Body.Stmts = l.stmts
		old.Body.Comments = append(l.waiting, sub.Body.Comments...)
	}
	return all
}
