package edge

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"headwater/edge/program"
	"headwater/explain"
	"headwater/service"
	"headwater/vcl"
	"headwater/vcl/syntax"
)

// Explain tells what s would do with a request, which nobody sends, when its
// holders hold all that is in holdings. It changes nothing. An error is
// [service.Invalid]: of a version that does not compile, or a request that is none.
func (e *Edge) Explain(s *service.Snapshot, holdings []*service.Holding, r *explain.Request) (*explain.Explanation, error) {
	defer e.question()()
	own := &items{holders: map[string]map[string]*held{}}
	for _, h := range holdings {
		if err := own.apply(h); err != nil {
			return nil, err
		}
	}
	site, warnings, err := e.build(own, s)
	if err != nil {
		return nil, err
	}
	if err := site.pretend(r); err != nil {
		return nil, err
	}
	x, err := e.pretended(site, r)
	if err != nil {
		return nil, err
	}
	x.recorder.stage.perform(x)
	told := x.explanation()
	told.Domain = site.domain(string(x.req.host))
	told.Warnings = append(told.Warnings, warnings...)
	x.free() // and not after a panic, which the caller contains
	return told, nil
}

// pretend makes the site's backends as healthy as r says, and looks that what it
// says of them has a meaning.
func (s *site) pretend(r *explain.Request) error {
	known := map[string][]*backend{}
	for _, b := range s.reached() {
		if b.node != nil {
			b.node = &node{} // whose state is the explanation's own
		}
		known[b.name] = append(known[b.name], b)
		if vcl := s.known(b).Name; vcl != b.name {
			known[vcl] = append(known[vcl], b)
		}
	}
	for name, healthy := range r.Health {
		if known[name] == nil {
			return service.Errorf(service.Invalid, "'health': the version has no backend '%s'", name)
		}
		for _, b := range known[name] {
			b.sick = !healthy
		}
	}
	for name, o := range r.Origins {
		if name != "*" && known[name] == nil {
			return service.Errorf(service.Invalid, "'origins': the version has no backend '%s'", name)
		}
		if o.Failure != "" && failureNamed(o.Failure) == failNone {
			return service.Errorf(service.Invalid, "'origins': '%s' is no failure of an origin", o.Failure)
		}
	}
	return nil
}

// pretended returns an exchange that is about to begin, and has no connection.
func (e *Edge) pretended(s *site, r *explain.Request) (*exchange, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "'url': %v", err)
	}
	target := u.RequestURI()
	if at := strings.Index(r.URL, u.Host); at >= 0 && u.Host != "" {
		// As it was written: a client sends it so.
		if raw, _, _ := strings.Cut(r.URL[at+len(u.Host):], "#"); strings.HasPrefix(raw, "/") {
			target = raw
		}
	}
	head, err := requestHead(r, u.Host, target)
	if err != nil {
		return nil, err
	}
	st := &stage{site: s, origins: r.Origins, now: r.Now}
	if st.now.IsZero() {
		st.now = time.Now()
	}
	at := &Edge{cfg: Config{Identity: e.cfg.Identity, Client: e.cfg.Client}, server: e.server, marks: e.marks, home: e.home}
	at.table.Store(tableOf(s))
	c := &clientConn{edge: at, link: paper{}, remote: r.Client.IP.String(), requests: 1, secure: r.TLS != nil}
	c.peer = vcl.Client{IP: r.Client.IP, Port: int(r.Client.Port), LocalIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Local: 80}
	if t := r.TLS; t != nil {
		c.peer.TLS, c.peer.TLSProtocol, c.peer.TLSCipher, c.peer.ServerName = true, t.Protocol, t.Cipher, t.ServerName
		c.peer.Local = 443
	}
	x := newExchange(c)
	x.recorder = &recorder{stage: st}
	x.started, x.site, x.whole, x.headBytes = st.now, s, r.BodyBytes == 0, len(head)
	if err := parseRequest(head, &x.req); err != nil {
		x.free()
		return nil, service.Errorf(service.Invalid, "the edge would refuse the request: %v", err)
	}
	x.note()
	x.vcl.Trace = &x.recorder.trace
	x.arrive()
	x.enter()
	x.recorder.entered = headersOf(&x.req.Fields)
	return x, nil
}

// explanation is what the exchange's recorder has written down, and its end.
func (x *exchange) explanation() *explain.Explanation {
	r := x.recorder
	e := &explain.Explanation{
		Pretended:  r.stage != nil,
		Service:    explain.Service{ID: x.site.service, Version: x.site.version},
		Request:    explain.Message{Method: string(x.event.method), URL: x.wholeURL(), Headers: r.entered},
		Conditions: x.site.conditions(&r.trace),
		Fetches:    r.fetches,
		Restarts:   x.vcl.Restarts,
		Log:        []string{},
		Trace:      x.site.steps(&r.trace),
		TraceMore:  r.trace.More,
		Warnings:   []string{},
	}
	for _, text := range x.vcl.Logged {
		e.Log = append(e.Log, clip(text))
	}
	if e.Fetches == nil {
		e.Fetches = []explain.Fetch{}
	}
	e.Response = x.response()
	if x.event.cause != nil && x.event.failure == failInternal {
		e.Warnings = append(e.Warnings, x.event.cause.Error())
	}
	return e
}

// wholeURL is what the client asked for.
func (x *exchange) wholeURL() string {
	scheme := "http"
	if x.secure() {
		scheme = "https"
	}
	return scheme + "://" + string(x.req.host) + string(x.event.target)
}

// response tells what the client got.
func (x *exchange) response() explain.Response {
	r := explain.Response{Message: messageOf(&x.resp), From: "origin"}
	switch {
	case x.recorder.aborted:
		r.From = "edge"
	case x.vcl.Obj != nil && x.vcl.HasSynthetic:
		r.From, r.Body = "program", clip(x.vcl.Synthetic)
	case x.vcl.Obj != nil:
		r.From = "page"
	}
	return r
}

// object returns the configuration of one of the site's backends.
func (s *site) object(b *backend) *service.Backend {
	known := s.known(b)
	if o := s.tree.Backends[known.Name]; o != nil {
		return o
	}
	o, err := declaredBackend(known.Decl)
	if err != nil {
		panic("edge: a backend that was compiled is none: " + err.Error())
	}
	return o
}

// names returns the names that TLS to b asks for, and checks.
func (b *backend) names() (sni, certificate *string) {
	some := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	_, sent, checked := b.plan.TLS()
	return some(sent), some(checked)
}

// domain tells by which of its names the site answers for a host, nil if by none.
func (s *site) domain(host string) *explain.Domain {
	var room [256]byte
	t := tableOf(s)
	if t.find([]byte(host)) == nil {
		return nil
	}
	name := string(hostName(room[:0], []byte(host)))
	d := &explain.Domain{Host: name, By: name}
	if t.exact.find([]byte(name)) != nil {
		return d
	}
	longest := ""
	for _, suffix := range s.wild {
		if strings.HasSuffix(name, suffix) && len(suffix) > len(longest) {
			longest = suffix
		}
	}
	d.By = "*" + longest
	return d
}

// conditions are those of the version, and what they were.
func (s *site) conditions(t *vcl.Trace) []explain.Condition {
	all := make([]explain.Condition, 0, len(s.tree.Conditions)+len(s.tree.Unused))
	add := func(c *service.Condition, used bool) {
		all = append(all, explain.Condition{
			Name: c.Name, Type: c.Type, Priority: c.Priority, Statement: c.Statement, Used: used, Values: []explain.Value{},
		})
	}
	at := map[syntax.Node]int{}
	for i, c := range s.tree.Conditions {
		add(c.Condition, true)
		at[c.Expr] = i
	}
	for _, c := range s.tree.Unused {
		add(c.Condition, false)
	}
	round := -1
	for _, step := range t.Steps {
		if step.Kind == vcl.StepEnter && step.Scope == vcl.Recv {
			round++
		}
		if i, known := at[step.Node]; known && step.Kind == vcl.StepDecide {
			all[i].Values = append(all[i].Values, explain.Value{Round: round, Sub: step.Scope.Sub(), Value: step.Value == "true"})
		}
	}
	return all
}

// reasons returns a statement, and the conditions under which it stands, from the
// inside out.
func (s *site) reasons(n syntax.Node) []explain.Reason {
	all := []explain.Reason{{Text: sourceOf(n), At: placeOf(n)}}
	for _, b := range s.around(n) {
		what, holds := "if", "holds"
		for _, c := range s.tree.Conditions {
			if c.Expr == b.cond {
				what = fmt.Sprintf("condition %q", c.Name)
			}
		}
		if !b.yes {
			holds = "does not hold"
		}
		text := fmt.Sprintf("%s %s: %s", what, holds, syntax.PrintExpr(b.cond))
		if what == "if" {
			text = fmt.Sprintf("it %s: %s", holds, syntax.PrintExpr(b.cond))
		}
		all = append(all, explain.Reason{Text: text, At: placeOf(b.cond)})
	}
	return all
}

// A branch is one of the two ways that an if can go.
type branch struct {
	cond syntax.Expr
	yes  bool
}

// around returns the branches that a statement stands in, from the inside out.
func (s *site) around(n syntax.Node) (all []branch) {
	var path []branch
	var visit func(syntax.Node) bool
	within := func(b branch, part syntax.Node) {
		path = append(path, b)
		syntax.Walk(part, visit)
		path = path[:len(path)-1]
	}
	visit = func(at syntax.Node) bool {
		if at == n {
			all = slices.Clone(path)
		}
		i, is := at.(*syntax.If)
		if !is {
			return true
		}
		within(branch{i.Cond, true}, i.Then)
		if i.Else != nil {
			within(branch{i.Cond, false}, i.Else)
		}
		return false
	}
	syntax.Walk(s.tree.Unit, visit)
	slices.Reverse(all)
	return all
}

// sets reports whether a statement assigns to a variable.
func sets(n syntax.Node, name string) bool {
	s, ok := n.(*syntax.Set)
	return ok && s.Target.Text == name
}

// steps are those of a trace, with the source of each. What came of a statement or
// a condition is told with it.
func (s *site) steps(t *vcl.Trace) []explain.Step {
	all := []explain.Step{}
	round := -1
	waiting := map[syntax.Node]int{} // conditions whose value is still to come
	for _, step := range t.Steps {
		if step.Kind == vcl.StepEnter && step.Scope == vcl.Recv {
			round++
		}
		out := explain.Step{
			Round: round, Sub: step.Scope.Sub(), Kind: string(step.Kind), Value: clip(step.Value), Groups: step.Groups,
		}
		if step.Node != nil {
			out.Text, out.At = sourceOf(step.Node), placeOf(step.Node)
		}
		last := len(all) - 1
		switch branch, isIf := step.Node.(*syntax.If); {
		case isIf:
			waiting[branch.Cond] = len(all)
			out.Kind, out.Text = string(vcl.StepDecide), syntax.PrintExpr(branch.Cond)
		case step.Kind == vcl.StepDecide:
			if i, known := waiting[step.Node]; known {
				all[i].Value = step.Value
				delete(waiting, step.Node)
				continue
			}
			out.Text = syntax.PrintExpr(step.Node.(syntax.Expr))
		case step.Kind == vcl.StepAssigned && last >= 0 && all[last].Kind == string(vcl.StepReach):
			all[last].Kind, all[last].Value = out.Kind, out.Value
			continue
		}
		all = append(all, out)
	}
	return all
}

// clip is a bounded copy of a text, which outlives the request's memory.
func clip(text string) string {
	const enough = 1024
	if len(text) <= enough {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:enough], "") + "..."
}

// placeOf is where a node was written, nil for what is generated.
func placeOf(n syntax.Node) *explain.Place {
	at := n.Place()
	if !at.Known() || at.File.Name == program.Source {
		return nil
	}
	line, column := at.Line()
	return &explain.Place{Source: at.File.Name, Line: line, Column: column}
}

// sourceOf is a node as it is written in the generated program; of a statement that
// holds others, how it begins.
func sourceOf(n syntax.Node) string {
	text := ""
	switch n := n.(type) {
	case *syntax.If:
		text = "if (" + syntax.PrintExpr(n.Cond) + ")"
	case *syntax.Switch:
		text = "switch (" + syntax.PrintExpr(n.Value) + ")"
	case *syntax.Block, *syntax.Macro:
		text = "{"
	case syntax.Stmt:
		text = syntax.PrintStmts([]syntax.Stmt{n})
	case syntax.Expr:
		text = syntax.PrintExpr(n)
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return clip(line)
		}
	}
	return ""
}
