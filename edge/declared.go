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
		case "probe", "dynamic", "bypass_local_route_table":
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
