package service

import (
	"maps"
	"slices"
	"strings"
)

// A Product is something of Fastly's that is enabled for a service. None of them
// does anything here: they are kept because clients ask for what they enabled.
type Product struct {
	Name string

	// Configuration holds the settings of the product, with their defaults.
	Configuration map[string]string
}

// A productSetting is one setting of a product.
type productSetting struct {
	key, value string   // its default
	enum       []string // what it may be; anything if nil
	required   bool
}

// products are those that Fastly's clients know, and what each can be told.
var products = map[string][]productSetting{
	"ai_accelerator":        nil,
	"api_discovery":         nil,
	"bot_management":        nil,
	"brotli_compression":    nil,
	"ddos_protection":       {{key: "mode", value: "log", enum: []string{"off", "log", "block"}}},
	"domain_inspector":      nil,
	"fanout":                nil,
	"image_optimizer":       nil,
	"log_explorer_insights": nil,
	"ngwaf":                 {{key: "workspace_id", required: true}, {key: "traffic_ramp", value: "100"}},
	"origin_inspector":      nil,
	"websockets":            nil,
}

// NewProduct returns the product as it is when it has just been enabled. One that
// nobody knows is [Hidden].
func NewProduct(name string) (*Product, error) {
	settings, ok := products[name]
	if !ok {
		return nil, Errorf(Hidden, "")
	}
	p := &Product{Name: name, Configuration: map[string]string{}}
	for _, s := range settings {
		p.Configuration[s.key] = s.value
	}
	return p, nil
}

// Configure changes the settings that in holds. Errors are [Invalid].
func (p *Product) Configure(in Input) error {
	next := maps.Clone(p.Configuration)
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if _, ok := next[key]; !ok {
			return Errorf(Invalid, "'%s' is no setting of %s", key, p.Name)
		}
		if err := checkText(key, in[key].Text, maxName, false); err != nil {
			return err
		}
		next[key] = in[key].Text
	}
	for _, s := range products[p.Name] {
		switch value := next[s.key]; {
		case s.required && value == "":
			return Errorf(Invalid, "'%s' is required", s.key)
		case s.enum != nil && !slices.Contains(s.enum, value):
			return Errorf(Invalid, "'%s' must be one of %s", s.key, strings.Join(s.enum, ", "))
		}
	}
	p.Configuration = next
	return nil
}
