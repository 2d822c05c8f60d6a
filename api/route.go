package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"headwater/service"
)

// An action does what a call asks, once the call has passed all gates, and
// returns the JSON of a 200.
type action func(*call) ([]byte, error)

// newRoutes lists the API, and is its table of contents.
func newRoutes() *node {
	n := new(node)
	for path, do := range openPaths() {
		n.add("GET    "+path, do)
	}

	n.add("GET    /service", (*call).listServices)
	n.add("POST   /service", (*call).createService)
	n.add("GET    /service/{service}", (*call).getService)
	n.add("PUT    /service/{service}", (*call).updateService)
	n.add("DELETE /service/{service}", (*call).deleteService)

	n.add("GET    /tokens/self", (*call).tokenSelf)
	n.add("DELETE /tokens/self", (*call).deleteTokenSelf)
	n.add("GET    /tokens", (*call).listTokens)
	n.add("POST   /tokens", (*call).createToken)
	n.add("DELETE /tokens", (*call).deleteTokens)
	n.add("DELETE /tokens/{id}", (*call).deleteToken)
	n.add("POST   /sudo", (*call).sudo)
	n.add("GET    /automation-tokens", (*call).listAutomationTokens)
	n.add("POST   /automation-tokens", (*call).createAutomationToken)
	n.add("GET    /automation-tokens/{id}", (*call).getAutomationToken)
	n.add("DELETE /automation-tokens/{id}", (*call).deleteAutomationToken)

	n.add("GET    /datacenters", (*call).datacenters)
	n.add("GET    /content/edge_check", (*call).edgeCheck)
	n.add("POST   /purge/{rest}", (*call).purgeURL)
	n.add("POST   /service/{service}/purge_all", (*call).purgeAll)
	n.add("POST   /service/{service}/purge", (*call).purgeKeys)
	n.add("POST   /service/{service}/purge/{name}", (*call).purgeKey)

	n.add("GET    /verify", (*call).verify)
	n.add("GET    /current_user", (*call).currentUser)
	n.add("GET    /current_customer", (*call).currentCustomer)
	n.add("POST   /user", (*call).createUser)
	n.add("GET    /user/{id}", (*call).getUser)
	n.add("PUT    /user/{id}", (*call).updateUser)
	n.add("DELETE /user/{id}", (*call).deleteUser)
	n.add("POST   /user/{id}/password/request_reset", (*call).resetPassword)
	n.add("GET    /customer/{id}", (*call).getCustomer)
	n.add("GET    /customer/{id}/users", (*call).listUsers)
	n.add("GET    /customer/{id}/tokens", (*call).listCustomerTokens)
	n.add("GET    /events", (*call).listEvents)
	n.add("GET    /events/{id}", (*call).getEvent)

	n.add("GET    /service/search", (*call).searchService)
	n.add("GET    /service/{service}/details", (*call).serviceDetails)
	n.add("GET    /service/{service}/domain", (*call).serviceDomains)
	n.add("GET    /service/{service}/diff/from/{from}/to/{to}", (*call).diffVersions)
	n.add("GET    /service/{service}/vcl/diff/from/{from}/to/{to}", (*call).diffVCL)

	n.add("POST   /vcl_lint", (*call).lintVCL)
	n.add("POST   /service/{service}/lint", (*call).lintForService)

	const versions = "/service/{service}/version"
	n.add("GET    "+versions, (*call).listVersions)
	n.add("POST   "+versions, (*call).createVersion)
	n.add("GET    "+versions+"/active", (*call).activeVersion)

	const version = versions + "/{version}"
	n.add("GET    "+version, (*call).getVersion)
	n.add("PUT    "+version, (*call).updateVersion)
	n.add("PUT    "+version+"/clone", (*call).cloneVersion)
	n.add("PUT    "+version+"/lock", (*call).lockVersion)
	n.add("GET    "+version+"/validate", (*call).validateVersion)
	n.add("PUT    "+version+"/activate", (*call).activateVersion)
	n.add("PUT    "+version+"/deactivate", (*call).deactivateVersion)
	n.add("PUT    "+version+"/activate/staging", (*call).stageVersion)
	n.add("PUT    "+version+"/deactivate/staging", (*call).unstageVersion)

	n.add("GET    "+version+"/domain/check_all", (*call).checkDomains)
	n.add("GET    "+version+"/domain/{name}/check", (*call).checkDomain)

	const product = "/enabled-products/v1/{name}/services/{service}"
	n.add("GET    "+product, (*call).getProduct)
	n.add("PUT    "+product, (*call).enableProduct)
	n.add("DELETE "+product, (*call).disableProduct)
	n.add("GET    "+product+"/configuration", (*call).getProductConfiguration)
	n.add("PATCH  "+product+"/configuration", (*call).configureProduct)

	n.addOwn(version)
	n.addKinds(version)
	return n
}

// addOwn lists the part of the API that is no part of Fastly's.
func (n *node) addOwn(version string) {
	n.add("GET    "+metricsPath, (*call).metrics)
	n.add("POST   /headwater"+version+"/explain", (*call).explainVersion)
	n.add("POST   /headwater/service/{service}/trace", (*call).createTraceToken)
	n.add("GET    /headwater/service/{service}/trace", (*call).listTraces)
	n.add("GET    /headwater/service/{service}/trace/{id}", (*call).getTrace)
	n.add("POST   /headwater"+version+"/backend/{name}/check", (*call).checkBackend)
	n.add("GET    /headwater/service/{service}/backends", (*call).reportBackends)
}

// A node is one path segment in the tree of routes. The standard mux does not
// fit: it cleans paths and redirects, and it cannot tell "a%2Fb" from "a/b".
type node struct {
	literals map[string]*node
	param    *node  // takes every other segment
	takes    string // what param's segment is: service, version, name, id, from or to
	rest     bool   // takes all that is left of the path, slashes and all
	actions  map[string]action
	events   map[string]string // what each action is recorded as
}

// add makes a route of a method and a path. It panics when there is one, as
// http.ServeMux does: a programming error.
func (n *node) add(route string, do action) {
	method, path, _ := strings.Cut(route, " ")
	for segment := range strings.SplitSeq(strings.TrimSpace(path)[1:], "/") {
		if segment == "{rest}" {
			n.rest = true
			continue
		}
		if takes, ok := strings.CutPrefix(segment, "{"); ok {
			if n.param == nil {
				n.param = new(node)
				n.takes = strings.TrimSuffix(takes, "}")
			}
			n = n.param
			continue
		}
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		if n.literals[segment] == nil {
			n.literals[segment] = new(node)
		}
		n = n.literals[segment]
	}
	if n.actions == nil {
		n.actions = map[string]action{}
	}
	if n.actions[method] != nil {
		panic("api: route " + route + " is declared twice")
	}
	n.actions[method] = do
	if n.events == nil {
		n.events = map[string]string{}
	}
	n.events[method] = eventType(method, strings.TrimSpace(path))
}

// allow lists the methods of n for the header of that name.
func (n *node) allow() string {
	var methods []string
	for method := range n.actions {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// route finds the call's action, and reads from the path what it acts on.
func (c *call) route() (action, error) {
	if len(c.r.RequestURI) > maxURL {
		return nil, &fault{status: http.StatusRequestURITooLong, msg: "URI too long"}
	}
	path, ok := strings.CutPrefix(c.r.URL.EscapedPath(), "/")
	if !ok {
		return nil, errNoRoute
	}
	n := c.routes
	for left, more := path, true; more; {
		if n.rest {
			c.name = left
			break
		}
		var raw string
		raw, left, more = strings.Cut(left, "/")
		text, ok := unescape(raw)
		if !ok {
			return nil, errNoRoute
		}
		next := n.literals[text]
		if next == nil {
			if n.param == nil || !c.bind(n.takes, raw, text) {
				return nil, errNoRoute
			}
			next = n.param
		}
		n = next
	}
	if len(n.actions) == 0 {
		return nil, errNoRoute
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	do := n.actions[method]
	if do == nil {
		return nil, &fault{status: http.StatusMethodNotAllowed, msg: "Method not allowed", allow: n.allow()}
	}
	c.does = n.events[method]
	return do, nil
}

// unescape decodes one path segment, once. Segments that a proxy on the way
// might read as another path are no route of ours.
func unescape(raw string) (string, bool) {
	text, err := url.PathUnescape(raw)
	ok := err == nil && text != "" && text != "." && text != ".." &&
		utf8.ValidString(text) && !strings.Contains(text, "\x00")
	return text, ok
}

// bind keeps what a segment names. It is false for what no such thing can be
// called.
func (c *call) bind(takes, raw, text string) bool {
	switch takes {
	case "service":
		c.at.Service = text
	case "version":
		return bindVersion(text, &c.at.Version)
	case "from":
		return bindVersion(text, &c.from)
	case "to":
		return bindVersion(text, &c.to)
	case "id":
		c.id = text
	case "name":
		c.name = text
		if strings.Contains(raw, "+") {
			c.altName, _ = unescape(strings.ReplaceAll(raw, "+", "%20"))
		}
	}
	return true
}

func bindVersion(text string, to *int) bool {
	n, ok := versionNumber(text)
	if ok {
		*to = n
	}
	return ok
}

// versionNumber accepts plain decimals from 1, as the API itself writes them:
// one version has one path.
func versionNumber(text string) (int, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	return int(n), err == nil && n >= 1 && strconv.FormatInt(n, 10) == text
}

// named runs do with the name that the path holds. One client (Fastly's for
// Rust) writes blanks as "+", the others mean "+" when they write it: the plain
// reading goes first, and only where it names nothing the other.
func (c *call) named(do func(name string) error) error {
	err := do(c.name)
	if c.altName == "" || !isCode(err, service.Missing) {
		return err
	}
	if altErr := do(c.altName); !isCode(altErr, service.Missing) {
		return altErr
	}
	return err
}
