package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"headwater/api"
)

// recordedFolders are those of the exchanges that Fastly's client for Go carries
// whose calls are known here.
var recordedFolders = []string{
	"acl_entries", "acl_entries_batch", "acls", "backends", "bigqueries", "blobstorages", "cache_settings", "cloudfiles",
	"conditions", "datacenters", "datadog", "dictionaries", "dictionary_info", "dictionary_items", "dictionary_items_batch",
	"diff", "digitaloceans", "director_backends", "directors", "domains", "elasticsearch", "erls", "ftps", "gcses",
	"grafanacloudlogs", "gzips", "headers", "health_checks", "herokus", "honeycombs", "http3", "https", "kafkas", "kinesis",
	"logentries", "loggly", "logshuttles", "newrelic", "newrelicotlp", "openstack", "papertrails", "pools", "pubsubs",
	"purges", "request_settings", "resources", "response_objects", "s3s", "scalyrs", "servers", "services", "settings",
	"sftps", "splunks", "sumologics", "syslogs", "users", "vcl_snippets", "vcls", "versions",
}

// unlike are the exchanges that are answered otherwise here, and why.
var unlike = map[string]string{
	"diff/get_again":             "backends had fewer fields",
	"kafkas/create":              "a number, once, where all other replies have a text",
	"logentries/update":          "a number and an empty text, once, where all other replies have others",
	"resources/cleanup-kv-store": "there are no stores",
	"resources/create-kv-store":  "there are no stores",
	"servers/create_pool":        "a number, once, where all other replies have a text",
	"servers/list":               "lists what was there before",
	"services/cleanup":           "a service is deleted once",
	"services/domain":            "asked of a service that was deleted",
	"services/list":              "lists what was there before",
	"services/list_paginator":    "lists what was there before",
	"users/delete":               "a user is deleted once",
	"users/get_current_user":     "shows a person",
	"users/list":                 "lists who was there before",
	"versions/list":              "lists what was there before",
}

// TestRecorded makes the calls that Fastly's client for Go was recorded with, in
// the order of their recording, and compares what is answered here with what
// Fastly answered: status, type, keys, their types and values.
func TestRecorded(t *testing.T) {
	dir := clientDir(t)
	alike, all, explained := 0, 0, map[string]bool{}
	for _, folder := range recordedFolders {
		t.Run(folder, func(t *testing.T) {
			// In memory, as some hundred versions are made.
			db := openStoreIn(t, "", &clock{at: time.Now()})
			r := &replay{T: t, fixture: start(t, func(o *api.Options) { o.Store = db }), ids: map[string]string{}, versions: map[string]int{}}
			for _, e := range recordedExchanges(t, path.Join(dir, "fixtures", folder)) {
				differences := r.compare(e)
				all++
				name := folder + "/" + strings.TrimPrefix(e.name, "compute/")
				switch {
				case len(differences) == 0:
					alike++
				case unlike[name] != "":
					explained[name] = true
				default:
					t.Errorf("%s: %s %s %.200s\n\t%s", name, e.Request.Method, e.Request.URL, e.Request.Body, strings.Join(differences, "\n\t"))
				}
			}
		})
	}
	for name := range unlike {
		if !explained[name] {
			t.Errorf("%s is answered alike: it needs no reason", name)
		}
	}
	t.Logf("%d of %d recorded exchanges are answered alike", alike, all)
}

// A replay makes the calls of one folder on an empty store. What was there before
// the recording it makes when a call needs it.
type replay struct {
	*testing.T
	*fixture
	ids      map[string]string // recorded ones to ours
	versions map[string]int    // highest of each recorded service
}

// compare makes a recorded call, and tells how its answer differs.
func (r *replay) compare(e exchange) (differences []string) {
	target := r.target(e)
	var fields []string
	for name, values := range e.Request.Headers {
		fields = append(fields, name+": "+values[0])
	}
	got := r.send(r, e.Request.Method, target, ownerToken, strings.NewReader(r.ours(e.Request.Body)), fields...)
	if got.status != e.Response.Code {
		return []string{fmt.Sprintf("status %d; want %d\n\tgot  %.200s\n\twant %.200s", got.status, e.Response.Code, got.body, e.Response.Body)}
	}
	if media := e.Response.Headers.Get("Content-Type"); media != "" && media != got.header.Get("Content-Type") {
		differences = append(differences, fmt.Sprintf("type %s; want %s", got.header.Get("Content-Type"), media))
	}
	var want, have any
	if json.Unmarshal([]byte(e.Response.Body), &want) != nil {
		return differences // not JSON: VCL, or nothing
	}
	if err := json.Unmarshal([]byte(got.body), &have); err != nil {
		return append(differences, err.Error())
	}
	r.learn(want, have)
	if err := json.Unmarshal([]byte(r.ours(e.Response.Body)), &want); err != nil {
		r.Fatal(err)
	}
	return append(differences, r.differences("", want, have)...)
}

var (
	servicePath = regexp.MustCompile(`^/service/(\w{21,22})(?:/version/(\d+))?`)
	id          = regexp.MustCompile(`^\w{21,22}$`)
)

// target is the path of a recorded call here. The service and the version that it
// names are made if they were there before.
func (r *replay) target(e exchange) string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		r.Fatal(err)
	}
	if m := servicePath.FindStringSubmatch(u.Path); m != nil {
		r.needService(m[1], e)
		need, _ := strconv.Atoi(m[2])
		var made struct {
			Number int `json:"number"`
		}
		if e.Request.Method == "POST" && strings.HasSuffix(u.Path, "/version") || strings.HasSuffix(u.Path, "/clone") {
			_ = json.Unmarshal([]byte(e.Response.Body), &made)
			need = max(need, made.Number-1)
		}
		for ; r.versions[m[1]] < need; r.versions[m[1]]++ {
			r.must(r, "POST", "/service/"+r.ids[m[1]]+"/version")
		}
		r.versions[m[1]] = max(r.versions[m[1]], made.Number)
	}
	return r.ours(u.RequestURI())
}

// needService makes the service if it was there before. The one of type wasm is
// that in whose folders the exchanges of Compute are.
func (r *replay) needService(recordedID string, e exchange) {
	if r.ids[recordedID] != "" {
		return
	}
	kind := "vcl"
	if strings.Contains(e.name, "compute") {
		kind = "wasm"
	}
	r.ids[recordedID] = r.must(r, "POST", "/service", "name", "seed "+recordedID, "type", kind)["id"].(string)
	r.versions[recordedID] = 1
}

// ours puts our ids in the place of recorded ones.
func (r *replay) ours(text string) string {
	for theirs, ours := range r.ids {
		text = strings.ReplaceAll(text, theirs, ours)
	}
	return text
}

// learn takes from an answer which of our ids stands for which of theirs.
func (r *replay) learn(want, have any) {
	switch want := want.(type) {
	case map[string]any:
		have, _ := have.(map[string]any)
		for key, w := range want {
			theirs, _ := w.(string)
			ours, _ := have[key].(string)
			if id.MatchString(theirs) && id.MatchString(ours) && r.ids[theirs] == "" && (key == "id" || strings.HasSuffix(key, "_id")) {
				r.ids[theirs] = ours
				r.versions[theirs] = max(r.versions[theirs], 1)
			}
			r.learn(w, have[key])
		}
	case []any:
		have, _ := have.([]any)
		sortEntries(want)
		sortEntries(have)
		for i := range min(len(want), len(have)) {
			r.learn(want[i], have[i])
		}
	}
}

var (
	// passing are keys whose values are of the moment, or of the store.
	passing = regexp.MustCompile(`^(created_at|updated_at|last_active_at|last_updated|digest|id|foo|bar|baz|customer_id)$`)

	// later are keys that Fastly did not answer yet when most was recorded.
	later = regexp.MustCompile(`^(environments|fetch_timeout|max_use|max_lifetime|keepalive_time|share_key|tcp_keepalive_\w+|prefer_ipv6|period|(stats_|billing_)?region|paused|publish_key)$`)
)

func (r *replay) differences(at string, want, have any) (all []string) {
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", have) {
		if later.MatchString(path.Ext("." + at[strings.LastIndexByte(at, '.')+1:])[1:]) && want == nil {
			return nil
		}
		return []string{fmt.Sprintf("%s: %T %.100v; want %T %.100v", at, have, have, want, want)}
	}
	switch want := want.(type) {
	case map[string]any:
		have := have.(map[string]any)
		keys := maps.Clone(want)
		maps.Copy(keys, have)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			w, wanted := want[key]
			h, there := have[key]
			switch {
			case !wanted && later.MatchString(key):
			case wanted != there:
				all = append(all, fmt.Sprintf("%s.%s: there is %v; want %v", at, key, there, wanted))
			case passing.MatchString(key) && (h == nil) == (w == nil):
			default:
				all = append(all, r.differences(at+"."+key, w, h)...)
			}
		}
	case []any:
		have := have.([]any)
		if len(want) != len(have) {
			return []string{fmt.Sprintf("%s: %d members; want %d", at, len(have), len(want))}
		}
		sortEntries(want) // read anew since they were learned from
		for i := range want {
			all = append(all, r.differences(at, want[i], have[i])...)
		}
	default:
		if want != have {
			all = append(all, fmt.Sprintf("%s: %.100v; want %.100v", at, have, want))
		}
	}
	return all
}

// sortEntries orders those of an ACL: entries of one moment have no order.
func sortEntries(list []any) {
	ip := func(entry any) string {
		object, _ := entry.(map[string]any)
		ip, _ := object["ip"].(string)
		return ip
	}
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(ip(a), ip(b)) })
}
