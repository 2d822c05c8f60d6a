package api

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"headwater/service"
)

// documentation are the networks that no host has (RFC 5737, RFC 3849), in parts.
// They stand in for the edge's where none are configured: clients expect a list,
// and one of real addresses would be somebody else's.
var documentation = func() (all []netip.Prefix) {
	for _, text := range []string{
		"192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/26", "192.0.2.192/26",
		"198.51.100.0/26", "198.51.100.64/26", "198.51.100.128/26", "198.51.100.192/26",
		"203.0.113.0/26", "203.0.113.64/26", "203.0.113.128/26", "203.0.113.192/26",
		"2001:db8::/33", "2001:db8:8000::/33",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}()

// publicIPs needs no token: firewalls ask for it.
func (c *call) publicIPs() ([]byte, error) {
	networks := c.PublicIPs
	if len(networks) == 0 {
		networks = documentation
	}
	reply := struct {
		Addresses     []string `json:"addresses"`
		IPv6Addresses []string `json:"ipv6_addresses"`
	}{[]string{}, []string{}}
	for _, network := range networks {
		if network.Addr().Is4() {
			reply.Addresses = append(reply.Addresses, network.String())
		} else {
			reply.IPv6Addresses = append(reply.IPv6Addresses, network.String())
		}
	}
	return encode(reply), nil
}

// stagingIP is where staged versions are reached.
func (c *call) stagingIP() string {
	switch {
	case c.StagingIP.IsValid():
		return c.StagingIP.String()
	case len(c.PublicIPs) > 0:
		return c.PublicIPs[0].Addr().String()
	}
	return documentation[0].Addr().Next().String()
}

// popTable lists Fastly's POPs: facts that clients know them by. Columns are
// code, name, group, latitude, longitude and the name as a shield, if it is one.
//
//go:embed data/pops.tsv
var popTable string

// ShieldOf returns the name that Fastly's POP of that code has as a shield; "" if it
// is none, or Fastly has no such POP.
func ShieldOf(code string) string {
	for row := range strings.Lines(popTable) {
		if column := strings.Split(row, "\t"); column[0] == code {
			return strings.TrimSpace(append(column, "")[5])
		}
	}
	return ""
}

type datacenter struct {
	Code          string      `json:"code"`
	Name          string      `json:"name"`
	Group         string      `json:"group"`
	Coordinates   coordinates `json:"coordinates"`
	Region        string      `json:"region"`
	StatsRegion   string      `json:"stats_region"`
	BillingRegion string      `json:"billing_region"`
	Shield        string      `json:"shield,omitempty"`
}

type coordinates struct {
	X         int     `json:"x"`
	Y         int     `json:"y"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// datacentersBody is the reply, made once: it never changes.
var datacentersBody = sync.OnceValue(func() []byte {
	all := []datacenter{}
	rows := strings.Split(strings.TrimSpace(popTable), "\n")
	for _, row := range rows[1:] {
		column := append(strings.Split(row, "\t"), "")
		d := datacenter{Code: column[0], Name: column[1], Group: column[2], Shield: strings.TrimSpace(column[5])}
		// The table is part of the program: what it holds, its test has read.
		d.Coordinates.Latitude, _ = strconv.ParseFloat(column[3], 64)
		d.Coordinates.Longitude, _ = strconv.ParseFloat(column[4], 64)
		d.Region, d.StatsRegion, d.BillingRegion = regions(d)
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b datacenter) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Code, b.Code))
	})
	return encode(all)
})

// regions are the three divisions of the world that Fastly's clients know. They
// follow from the group, and within it from where the POP lies.
func regions(d datacenter) (region, stats, billing string) {
	at := d.Coordinates
	switch d.Group {
	case "Africa":
		if at.Latitude > 0 {
			return "AF-West", "africa_std", "Africa"
		}
		return "South-Africa", "africa_std", "Africa"
	case "Europe":
		return europe(at), "europe", "Europe"
	case "South America":
		if at.Longitude < -60 {
			return "SA-West", "southamerica_std", "South America"
		}
		return "SA-East", "southamerica_std", "South America"
	case "Asia/Pacific":
		return asia(d)
	}
	switch {
	case strings.HasPrefix(d.Code, "Y"): // as all airports of Canada
		return "North-America", "usa", "North America"
	case at.Longitude < -110:
		return "US-West", "usa", "North America"
	case at.Longitude < -85:
		return "US-Central", "usa", "North America"
	}
	return "US-East", "usa", "North America"
}

func europe(at coordinates) string {
	switch {
	case at.Longitude < 5:
		return "EU-West"
	case at.Longitude < 20:
		return "EU-Central"
	}
	return "EU-East"
}

func asia(d datacenter) (region, stats, billing string) {
	at := d.Coordinates
	switch {
	case at.Latitude < -10:
		return "APAC", "anzac", "Australia"
	case at.Longitude > 68 && at.Longitude < 90:
		return "Asia-South", "asia_india", "India"
	case d.Name == "Seoul":
		return "Asia", "asia_southkorea", "South Korea"
	}
	return "Asia", "asia", "Asia"
}

func (c *call) datacenters() ([]byte, error) { return datacentersBody(), nil }

// edgeCheck answers how the copies of a URL in all caches differ: there is no
// cache, and so no copy.
func (c *call) edgeCheck() ([]byte, error) {
	if c.r.URL.Query().Get("url") == "" {
		return nil, service.Errorf(service.Invalid, "'url' is required")
	}
	return []byte("[]"), nil
}

// Purges. There is no cache to purge, so that what they promise holds already:
// nothing stale is served. They find the service and answer in shape.

func (c *call) purgeAll() ([]byte, error) {
	if err := c.purgeable(); err != nil {
		return nil, err
	}
	return statusOK()
}

func (c *call) purgeKey() ([]byte, error) {
	if err := c.purgeable(); err != nil {
		return nil, err
	}
	return c.purged()
}

// purgeURL purges by a URL, which belongs to whom it may.
func (c *call) purgeURL() ([]byte, error) {
	if c.name == "" {
		return nil, errNoRoute
	}
	return c.purged()
}

func (c *call) purged() ([]byte, error) {
	return encode(struct {
		Status string `json:"status"`
		ID     string `json:"id"`
	}{"ok", c.purgeID()}), nil
}

// purgeKeys purges by several keys, from a header or from the body.
func (c *call) purgeKeys() ([]byte, error) {
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	if err := c.purgeable(); err != nil {
		return nil, err
	}
	keys := strings.Fields(c.r.Header.Get("Surrogate-Key"))
	if len(keys) == 0 {
		if keys, err = keysOf(body); err != nil {
			return nil, err
		}
	}
	const most = 256
	if len(keys) == 0 || len(keys) > most {
		return nil, service.Errorf(service.Invalid, "1 to %d surrogate keys are needed", most)
	}
	ids := map[string]string{}
	for _, key := range keys {
		ids[key] = c.purgeID()
	}
	return encode(ids), nil
}

// purgeable finds the service that the path names.
func (c *call) purgeable() error {
	_, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	return err
}

// purgeID is made as Fastly's are: of a node, a time and a count.
func (c *call) purgeID() string {
	return "1-" + strconv.FormatInt(c.Now().Unix(), 10) + "-" + strconv.FormatUint(c.purges.Add(1), 10)
}

// openPaths may be read without a token.
func openPaths() map[string]action {
	return map[string]action{
		readyPath:         (*call).ready,
		openAPIPath:       (*call).openAPI,
		openAPIPagePath:   (*call).openAPIPage,
		"/public-ip-list": (*call).publicIPs,
		"/realms/fastly/.well-known/openid-configuration": (*call).openID,
	}
}

// keysOf reads surrogate keys from a JSON body, if there is one.
func keysOf(body []byte) ([]string, error) {
	var in struct {
		Keys []string `json:"surrogate_keys"`
	}
	if len(body) > 0 && json.Unmarshal(body, &in) != nil {
		return nil, errNotJSON
	}
	return in.Keys, nil
}
