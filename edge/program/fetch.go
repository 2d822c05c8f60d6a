package program

import (
	"fmt"
	"regexp"
	"strings"

	"headwater/service"
	"headwater/vcl/syntax"
)

// bereq fills vcl_miss and vcl_pass: what goes to the origin.
func (b *builder) bereq(m *macro) {
	m.add(own(`
		if (req.http.Fastly-FF) {
			set bereq.http.Fastly-Client = "1";
		}
		unset bereq.http.Fastly-Original-Cookie;
		unset bereq.http.Fastly-Original-URL;
		unset bereq.http.Fastly-Vary-String;
		unset bereq.http.X-Varnish-Client;
		if (req.http.Fastly-Temp-XFF) {
			if (req.http.Fastly-Temp-XFF == "") {
				unset bereq.http.X-Forwarded-For;
			} else {
				set bereq.http.X-Forwarded-For = req.http.Fastly-Temp-XFF;
			}
			unset bereq.http.Fastly-Temp-XFF;
		}`)...)
	m.addSnippets(b)
	g := newGroups()
	b.addHeaders(m, g, "fetch")
	m.join(&g.always)
	m.join(g.guarded())
}

// fetch fills vcl_fetch: what becomes of the origin's answer.
func (b *builder) fetch(m *macro) {
	if b.settings.StaleIfError {
		m.add(own(`
			if (beresp.status >= 500 && beresp.status < 600) {
				if (stale.exists) {
					return(deliver_stale);
				}
				if (req.restarts < 1 && (req.method == "GET" || req.method == "HEAD")) {
					restart;
				}
			}`)...)
		m.add(set("beresp.stale_if_error", seconds(b.settings.StaleIfErrorTTL)))
	}
	if b.settings.DefaultPCI != 0 {
		m.add(set("beresp.pci", boolean(true)))
	}
	m.addSnippets(b)
	g := newGroups()
	b.addCacheSettings(m, g)
	b.addHeaders(m, g, "cache")
	b.addGzips(m, g)
	b.addCacheResponses(m, g)
	b.addCacheActions(g)
	m.join(&g.always)
	m.join(g.guarded())
}

// cacheCondition returns the condition that is named, if one is.
func (b *builder) cacheCondition(k *service.Kind, o service.Object, named string) (all []*Condition, ok bool) {
	if named == "" {
		return nil, true
	}
	c := b.condition(k, o, "cache_condition", named, "CACHE")
	return []*Condition{c}, c != nil
}

// addCacheSettings adds what cache settings do, but for their action.
func (b *builder) addCacheSettings(m *macro, g *groups) {
	for _, o := range service.All[*service.CacheSettings](b.s, service.CacheSettingsKind) {
		m.credit("cache settings", o.Name)
		conditions, ok := b.cacheCondition(service.CacheSettingsKind, o, o.CacheCondition)
		if !ok {
			continue
		}
		l := &list{}
		l.note("Cache settings " + o.Name)
		if o.TTL != nil {
			l.add(set("beresp.ttl", seconds(*o.TTL)))
		}
		if o.StaleTTL != nil {
			l.add(set("beresp.grace", seconds(*o.StaleTTL)))
		}
		g.add(conditions, l)
	}
}

// cacheActions are the statements that actions of cache settings are.
var cacheActions = map[string]string{
	"cache": `return(deliver);`, "deliver": `return(deliver);`, "pass": `return(pass);`, "restart": `restart;`,
}

// addCacheActions adds the actions of cache settings, which end vcl_fetch and so
// come last of what has the same condition.
func (b *builder) addCacheActions(g *groups) {
	for _, o := range service.All[*service.CacheSettings](b.s, service.CacheSettingsKind) {
		if conditions, ok := b.cacheCondition(service.CacheSettingsKind, o, o.CacheCondition); ok {
			g.at(conditions).add(own(cacheActions[text(o.Action)])...)
		}
	}
}

// addGzips adds which answers are compressed.
func (b *builder) addGzips(m *macro, g *groups) {
	for _, o := range service.All[*service.Gzip](b.s, service.GzipKind) {
		m.credit("gzip", o.Name)
		conditions, ok := b.cacheCondition(service.GzipKind, o, o.CacheCondition)
		which := compressible(o)
		if !ok || which == nil {
			continue
		}
		l := &list{}
		l.note("Gzip " + o.Name)
		l.add(when(which, own(`
			if (beresp.http.Vary !~ "Accept-Encoding") {
				set beresp.http.Vary = if(beresp.http.Vary, beresp.http.Vary ", ", "") "Accept-Encoding";
			}
			if (req.http.Accept-Encoding ~ "gzip") {
				set beresp.gzip = true;
			}`)...))
		g.add(conditions, l)
	}
}

// compressible tests for the types and extensions that o lists; nil if it lists
// none.
func compressible(o *service.Gzip) syntax.Expr {
	var any syntax.Expr
	if types := alternatives(o.ContentTypes); types != "" {
		any = binary(name("beresp.http.Content-Type"), syntax.Match, str(fmt.Sprintf(`^(?:%s)\s*(?:$|;)`, types)))
	}
	if extensions := alternatives(o.Extensions); extensions != "" {
		test := binary(name("req.url.path"), syntax.Match, str(fmt.Sprintf(`\.(?:%s)$`, extensions)))
		if any == nil {
			any = test
		} else {
			any = &syntax.Paren{X: binary(any, syntax.Or, test)}
		}
	}
	if any == nil {
		return nil
	}
	status := &syntax.Paren{X: binary(
		binary(name("beresp.status"), syntax.Equal, integer(200)), syntax.Or,
		binary(name("beresp.status"), syntax.Equal, integer(404)))}
	return binary(status, syntax.And, any)
}

// alternatives is a regular expression for any of the words between blanks.
func alternatives(list string) string {
	all := strings.Fields(list)
	for i, word := range all {
		all[i] = regexp.QuoteMeta(word)
	}
	return strings.Join(all, "|")
}

// hash fills vcl_hash: what tells answers apart. Request settings with hash_keys
// take the place of all that follows.
func (b *builder) hash(m *macro) {
	m.addSnippets(b)
	g := newGroups()
	for _, o := range service.All[*service.RequestSettings](b.s, service.RequestSettingsKind) {
		if text(o.HashKeys) == "" {
			continue
		}
		m.credit("request settings", o.Name)
		conditions, ok := b.requestCondition(service.RequestSettingsKind, o, o.RequestCondition)
		if !ok {
			continue
		}
		l := &list{}
		l.note("Request settings " + o.Name)
		l.add(b.hashKeys(o)...)
		g.add(conditions, l)
	}
	m.join(g.guarded())
	m.join(&g.always)
	if g.always.empty() {
		m.add(feed(name("req.vcl.generation")))
	}
}

// hashKeys returns the statements for hash_keys, which are expressions with
// commas between them.
func (b *builder) hashKeys(o *service.RequestSettings) (all []syntax.Stmt) {
	for key := range strings.SplitSeq(*o.HashKeys, ",") {
		if x := b.expr("request_settings", o.Name, strings.TrimSpace(key)); x != nil {
			all = append(all, feed(x))
		}
	}
	return append(all, feed(name("req.vcl.generation")), finish("hash"))
}

func feed(x syntax.Expr) syntax.Stmt {
	s := &syntax.Set{Target: name("req.hash"), Op: syntax.AssignAdd, Value: x}
	s.Pos = x.Place()
	return s
}
