package program

import (
	"fmt"

	"headwater/service"
	"headwater/vcl/syntax"
)

// recv fills vcl_recv: who answers the request, and how.
func (b *builder) recv(m *macro) {
	m.add(own(`
		declare local var.fastly_req_do_shield BOOL;
		set var.fastly_req_do_shield = (req.restarts == 0);
	`)...)
	m.addSnippets(b)
	g := newGroups()
	b.addBackends(m, g)
	b.addDefaultHost(g)
	b.addRequestSettings(m, g)
	b.addHeaders(m, g, "request")
	b.addResponses(m, g)
	b.addActions(g)
	m.note("default conditions")
	m.join(&g.always)
	m.note("end default conditions")
	m.join(g.guarded())
	m.add(b.shieldStmts()...)
}

// addBackends adds the default backend, and each one that has a condition. The
// weighted pool is the default if there is one, else the oldest backend without
// a condition. If all have one, there is no default: then the first declaration
// counts.
func (b *builder) addBackends(m *macro, g *groups) {
	fallback := ""
	if len(b.balanced()) > 0 {
		m.from = append(m.from, "the weighted pool")
		fallback = pool
	}
	for _, o := range b.s.Backends() {
		id := b.backends[o.Name]
		switch {
		case o.RequestCondition != "":
			m.credit("backend", o.Name)
			if conditions, ok := b.requestCondition(service.BackendKind, o, o.RequestCondition); ok {
				g.at(conditions).add(set("req.backend", name(id)))
			}
		case fallback == "":
			m.credit("backend", o.Name)
			fallback = id
		}
	}
	if fallback != "" {
		g.always.add(set("req.backend", name(fallback)))
	}
}

func (b *builder) addDefaultHost(g *groups) {
	if host := b.settings.DefaultHost; host != "" {
		g.always.add(replaceHost(host))
	}
}

// replaceHost keeps what the client asked for where Fastly's own VCL has it.
func replaceHost(host string) syntax.Stmt {
	return when(binary(name("req.http.host"), syntax.NotEqual, str(host)),
		set("req.http.Fastly-Orig-Host", name("req.http.host")),
		set("req.http.host", str(host)))
}

// addRequestSettings adds what request settings do, but for their action.
func (b *builder) addRequestSettings(m *macro, g *groups) {
	for _, o := range service.All[*service.RequestSettings](b.s, service.RequestSettingsKind) {
		m.credit("request settings", o.Name)
		conditions, ok := b.requestCondition(service.RequestSettingsKind, o, o.RequestCondition)
		if !ok {
			continue
		}
		l := &list{}
		l.note("Request settings " + o.Name)
		l.add(requestSettings(o)...)
		g.add(conditions, l)
		if is(o.GeoHeaders) {
			b.warnf("Request settings '%s': geo_headers has no effect; use the variables of client.geo", o.Name)
		}
	}
}

// requestCondition returns the condition that is named, if one is.
func (b *builder) requestCondition(k *service.Kind, o service.Object, named string) (all []*Condition, ok bool) {
	if named == "" {
		return nil, true
	}
	c := b.condition(k, o, "request_condition", named, "REQUEST")
	return []*Condition{c}, c != nil
}

func requestSettings(o *service.RequestSettings) (all []syntax.Stmt) {
	if is(o.ForceSSL) {
		all = append(all, when(not(name("req.http.Fastly-SSL")), fail(801, "Force SSL")))
	}
	if host := text(o.DefaultHost); host != "" {
		all = append(all, replaceHost(host))
	}
	if is(o.ForceMiss) {
		all = append(all, set("req.hash_always_miss", boolean(true)))
	}
	if is(o.BypassBusyWait) {
		all = append(all, set("req.hash_ignore_busy", boolean(true)))
	}
	if o.MaxStaleAge != nil {
		all = append(all, set("req.grace", seconds(*o.MaxStaleAge)))
	}
	return append(all, own(forwardedFor[o.XFF])...)
}

// forwardedFor says what an origin gets as X-Forwarded-For: vcl_miss and vcl_pass
// put it there. Between POPs the list has the client already.
var forwardedFor = map[string]string{
	"clear": `set req.http.Fastly-Temp-XFF = "";`,
	"leave": ``,
	"append": `
		if (req.http.Fastly-FF) {
			set req.http.Fastly-Temp-XFF = req.http.X-Forwarded-For;
		} else {
			set req.http.Fastly-Temp-XFF = if(req.http.X-Forwarded-For, req.http.X-Forwarded-For ", ", "") client.ip;
		}`,
	"append_all": `
		set req.http.Fastly-Temp-XFF = if(req.http.X-Forwarded-For, req.http.X-Forwarded-For ", ", "") client.ip;`,
	"overwrite": `
		if (req.http.Fastly-FF) {
			set req.http.Fastly-Temp-XFF = req.http.X-Forwarded-For;
		} else {
			set req.http.Fastly-Temp-XFF = client.ip;
		}`,
}

// addActions adds the actions of request settings, which end vcl_recv and so come
// last of what has the same condition.
func (b *builder) addActions(g *groups) {
	for _, o := range service.All[*service.RequestSettings](b.s, service.RequestSettingsKind) {
		if text(o.Action) == "" {
			continue
		}
		if conditions, ok := b.requestCondition(service.RequestSettingsKind, o, o.RequestCondition); ok {
			g.at(conditions).add(finish(*o.Action))
		}
	}
}

// shieldStmts send what is fetched from a shielded backend through its shield.
func (b *builder) shieldStmts() (all []syntax.Stmt) {
	for _, d := range b.shielding() {
		chosen := binary(binary(name("req.backend"), syntax.Equal, name(d.id)), syntax.And, name("var.fastly_req_do_shield"))
		s := when(chosen, set("req.backend", call("fastly.try_select_shield", name(b.shields[d.shield]), name(d.id))))
		s.Comments = []string{comment(fmt.Sprintf("Shield %s for %s", d.shield.code, d.object))}
		all = append(all, s)
	}
	return all
}

func is(b *bool) bool { return b != nil && *b }
