package program

import (
	"headwater/service"
	"headwater/vcl/syntax"
)

// Response objects are errors with a status of their own: vcl_error gives them
// their content, vcl_deliver the status that clients see.
const (
	firstStatus  = 900
	mostStatuses = 100
)

// responses returns the response objects. There are not more than statuses.
func (b *builder) responses() []*service.ResponseObject {
	all := service.All[*service.ResponseObject](b.s, service.ResponseObjectKind)
	if len(all) > mostStatuses {
		b.complainf(syntax.Pos{}, "the version has %d response objects; %d are possible", len(all), mostStatuses)
		return all[:mostStatuses]
	}
	return all
}

// addResponses adds, to vcl_recv, the response objects with a request condition
// or none at all.
func (b *builder) addResponses(m *macro, g *groups) {
	for i, o := range b.responses() {
		if o.RequestCondition == "" && o.CacheCondition != "" {
			continue
		}
		m.credit("response object", o.Name)
		if conditions, ok := b.requestCondition(service.ResponseObjectKind, o, o.RequestCondition); ok {
			g.add(conditions, response(i, o))
		}
	}
}

// addCacheResponses adds, to vcl_fetch, those with a cache condition.
func (b *builder) addCacheResponses(m *macro, g *groups) {
	for i, o := range b.responses() {
		if o.CacheCondition == "" {
			continue
		}
		m.credit("response object", o.Name)
		if conditions, ok := b.cacheCondition(service.ResponseObjectKind, o, o.CacheCondition); ok {
			g.add(conditions, response(i, o))
		}
	}
}

func response(i int, o *service.ResponseObject) *list {
	l := &list{}
	l.note("ResponseObject: " + o.Name)
	l.add(fail(firstStatus+int64(i), "Fastly Internal"))
	return l
}

// failed fills vcl_error.
func (b *builder) failed(m *macro) {
	if b.settings.StaleIfError {
		m.add(own(`
			if (obj.status >= 500 && obj.status < 600 && stale.exists) {
				return(deliver_stale);
			}`)...)
	}
	m.add(own(`
		if (obj.status == 801) {
			set obj.status = 301;
			set obj.response = "Moved Permanently";
			set obj.http.Location = "https://" req.http.host req.url;
			synthetic "";
			return(deliver);
		}`)...)
	m.addSnippets(b)
	for i, o := range b.responses() {
		m.credit("response object", o.Name)
		m.note("ResponseObject: " + o.Name)
		m.add(answer(i, o))
	}
	m.add(own(`
		if (req.http.Fastly-Restart-On-Error && obj.status == 503 && req.restarts == 0) {
			restart;
		}
		if (obj.status == 550) {
			return(deliver);
		}`)...)
}

// answer gives a response object its content.
func answer(i int, o *service.ResponseObject) syntax.Stmt {
	l := &list{}
	if kind := text(o.ContentType); kind != "" {
		l.add(set("obj.http.Content-Type", str(kind)))
	}
	l.add(synthetic(text(o.Content)), finish("deliver"))
	return when(statusIs("obj", i), l.stmts...)
}

func statusIs(message string, i int) syntax.Expr {
	return binary(name(message+".status"), syntax.Equal, integer(firstStatus+int64(i)))
}

// deliver fills vcl_deliver.
func (b *builder) deliver(m *macro) {
	m.add(own(`
		unset resp.http.X-Varnish;
		if (!req.http.Fastly-FF && !req.http.Fastly-Debug) {
			unset resp.http.Surrogate-Key;
			unset resp.http.Surrogate-Control;
		}
		if (resp.status == 550) {
			return(deliver);
		}`)...)
	m.addSnippets(b)
	g := newGroups()
	b.addHeaders(m, g, "response")
	m.note("default response conditions")
	m.join(&g.always)
	for i, o := range b.responses() {
		m.credit("response object", o.Name)
		m.note("ResponseObject: " + o.Name)
		m.add(when(statusIs("resp", i), set("resp.status", integer(o.Status)), set("resp.response", str(o.Response))))
	}
	m.join(g.guarded())
}
