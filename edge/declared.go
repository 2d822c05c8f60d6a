package edge

import (
	"strconv"
	"strings"
	"time"

	"headwater/service"
	"headwater/vcl/syntax"
)

// declaredFields are the fields of a backend by the property of a declaration in
// VCL, for those that have one name more.
var declaredFields = map[string]string{"host": "address", "max_connections": "max_conn", "ssl": "use_ssl"}

// declaredBackend makes a backend of a declaration in a customer's VCL: what one
// from the API would be, held to the same rules.
func declaredBackend(d *syntax.Backend) (*service.Backend, error) {
	in := service.Input{"name": {Text: d.Name.Text}, "use_ssl": {Text: "0"}}
	always := false
	for _, p := range d.Props {
		switch p.Name {
		case "probe", // as declaredCheck reads it
			"dynamic", "bypass_local_route_table":
			continue
		case "always_use_host_header":
			always = propertyText(p) == "1"
			continue
		}
		field := p.Name
		if f := declaredFields[field]; f != "" {
			field = f
		}
		in[field] = service.Value{Text: propertyText(p)}
	}
	if host, given := in["host_header"]; given {
		delete(in, "host_header")
		if always {
			in["override_host"] = host
		}
	}
	if in["use_ssl"].Text == "1" && in["port"].Text == "" {
		in["port"] = service.Value{Text: "443"}
	}
	o, err := service.BackendKind.Create(in)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "backend %s of the VCL: %v", d.Name.Text, err)
	}
	return o.(*service.Backend), nil
}

// propertyText is the value of a property as the API would be sent it.
func propertyText(p *syntax.Property) string {
	switch v := p.Value.(type) {
	case *syntax.String:
		return v.Value
	case *syntax.Integer:
		return strconv.FormatInt(v.Value, 10)
	case *syntax.Bool:
		if v.Value {
			return "1"
		}
		return "0"
	case *syntax.RTime:
		if p.Name == "keepalive_time" {
			return strconv.FormatInt(int64(v.Value/time.Second), 10)
		}
		return strconv.FormatInt(v.Value.Milliseconds(), 10)
	case *syntax.Name:
		if v.Text == "always" {
			return "1"
		}
		return "0" // never
	case *syntax.Concat:
		var all strings.Builder
		for _, part := range v.Parts {
			if s, ok := part.X.(*syntax.String); ok {
				all.WriteString(s.Value)
			}
		}
		return all.String()
	}
	return ""
}

// declaredCheck makes a health check of the probe in such a declaration; nil if there
// is none, or none but of the name's addresses. What it does not say is as in one from
// the API that does not, but its Host is the backend's address, its threshold fits the
// window, and its initial is the threshold.
func declaredCheck(d *syntax.Backend) (*service.Healthcheck, error) {
	in := service.Input{"name": {Text: d.Name.Text}, "path": {Text: "/"}}
	probed := false
	for _, p := range d.Props {
		switch {
		case p.Name == "host":
			in["host"] = service.Value{Text: propertyText(p)}
		case p.Name == "probe":
			probed = addProbe(in, p.Props)
		}
	}
	if !probed {
		return nil, nil
	}
	fitProbe(in)
	o, err := service.HealthcheckKind.Create(in)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "probe of backend %s of the VCL: %v", d.Name.Text, err)
	}
	return o.(*service.Healthcheck), nil
}

// fitProbe adds the threshold and the initial that a probe does not name.
func fitProbe(in service.Input) {
	usual := service.HealthcheckKind.Default().(*service.Healthcheck).Threshold
	if window, err := strconv.ParseInt(in["window"].Text, 10, 64); err == nil {
		usual = min(usual, window)
	}
	if _, named := in["threshold"]; !named {
		in["threshold"] = service.Value{Text: strconv.FormatInt(usual, 10)}
	}
	if _, named := in["initial"]; !named {
		in["initial"] = in["threshold"]
	}
}

// addProbe reads the properties of a probe, and reports whether it asks for anything.
func addProbe(in service.Input, props []*syntax.Property) (probed bool) {
	probed = true
	for _, p := range props {
		switch p.Name {
		case "dummy":
			probed = propertyText(p) != "1"
		case "interval":
			in["check_interval"] = service.Value{Text: propertyText(p)}
		case "url":
			in["method"], in["path"] = service.Value{Text: "GET"}, service.Value{Text: propertyText(p)}
		case "request":
			addProbeRequest(in, propertyTexts(p))
		default: // timeout, window, threshold, initial, expected_response
			in[p.Name] = service.Value{Text: propertyText(p)}
		}
	}
	return probed
}

// addProbeRequest reads the lines of a request. A first line that is none is left for
// the check of the path to refuse.
func addProbeRequest(in service.Input, lines []string) {
	if len(lines) == 0 {
		return
	}
	method, rest, _ := strings.Cut(lines[0], " ")
	path, version, _ := strings.Cut(rest, " HTTP/")
	in["method"], in["path"], in["http_version"] = service.Value{Text: method}, service.Value{Text: path}, service.Value{Text: version}
	fields := []string{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(strings.TrimSpace(name), "host") {
			in["host"] = service.Value{Text: strings.TrimSpace(value)}
			continue
		}
		fields = append(fields, line)
	}
	in["headers"] = service.List(fields...)
}

// propertyTexts are the strings that a property was written in.
func propertyTexts(p *syntax.Property) (all []string) {
	c, several := p.Value.(*syntax.Concat)
	if !several {
		return []string{propertyText(p)}
	}
	for _, part := range c.Parts {
		if s, ok := part.X.(*syntax.String); ok {
			all = append(all, s.Value)
		}
	}
	return all
}
