package api_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"

	"headwater/service"
)

// What Fastly's client calls the kinds that all have the same five calls, and
// the kinds' own names.
var plainKinds = map[string]string{
	"CacheSetting": "cache_settings", "Gzip": "gzip", "Header": "header", "RequestSetting": "request_settings", "ResponseObject": "response_object",

	"BigQuery": "logging/bigquery", "BlobStorage": "logging/azureblob", "Cloudfiles": "logging/cloudfiles", "Datadog": "logging/datadog",
	"DigitalOcean": "logging/digitalocean", "Elasticsearch": "logging/elasticsearch", "FTP": "logging/ftp", "GCS": "logging/gcs",
	"GrafanaCloudLogs": "logging/grafanacloudlogs", "Heroku": "logging/heroku", "Honeycomb": "logging/honeycomb", "HTTPS": "logging/https",
	"Kafka": "logging/kafka", "Kinesis": "logging/kinesis", "Logentries": "logging/logentries", "Loggly": "logging/loggly",
	"Logshuttle": "logging/logshuttle", "NewRelic": "logging/newrelic", "NewRelicOTLP": "logging/newrelicotlp", "Openstack": "logging/openstack",
	"Papertrail": "logging/papertrail", "Pubsub": "logging/pubsub", "S3": "logging/s3", "Scalyr": "logging/scalyr", "SFTP": "logging/sftp",
	"Splunk": "logging/splunk", "Sumologic": "logging/sumologic", "Syslog": "logging/syslog",
}

// Values for fields that do not take any text or number. Absent ones exclude
// others.
var plainValues = map[string]string{
	"Action": "pass", "FormatVersion": "2", "Placement": "none", "ProcessingRegion": "eu", "MessageType": "blank", "CompressionCodec": "zstd",
	"GzipLevel": "", "IAMRole": "", "ResponseCondition": "", "CacheCondition": "", "RequestCondition": "", "JSONFormat": "1", "Method": "PUT",
	"RequiredACKs": "-1", "Region": "US", "Type": "request", "DefaultHost": "a.test", "XForwardedFor": "leave", "Status": "404",
	"Address": "a.test", "Hostname": "", "IPV4": "",
}

// callClient calls one of the client's methods with an input whose fields fill sets.
func callClient(t *testing.T, c *fastly.Client, method string, fill func(in reflect.Value)) (reflect.Value, error) {
	t.Helper()
	m := reflect.ValueOf(c).MethodByName(method)
	in := reflect.New(m.Type().In(1).Elem())
	fill(in.Elem())
	out := m.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
	err, _ := out[len(out)-1].Interface().(error)
	return out[0], err
}

// fillPlain sets every field of an input that its kind can have.
func fillPlain(t *testing.T, in reflect.Value) {
	for i := range in.NumField() {
		name, field := in.Type().Field(i).Name, in.Field(i)
		value, known := plainValues[name]
		if in.Type().Name() == "CreateGrafanaCloudLogsInput" && name == "MessageType" {
			continue // in none of Fastly's answers
		}
		if field.Kind() != reflect.Pointer || !field.IsNil() || known && value == "" {
			continue
		}
		if strings.HasPrefix(in.Type().Name(), "CreateHeader") && name == "Action" {
			value = "append"
		}
		p := reflect.New(field.Type().Elem())
		switch p.Elem().Kind() {
		case reflect.String:
			if !known {
				value = "text " + name
			}
			p.Elem().SetString(value)
		case reflect.Int:
			n := int64(7)
			if known {
				fmt.Sscan(value, &n)
			}
			p.Elem().SetInt(n)
		case reflect.Bool:
			p.Elem().SetBool(true)
		default:
			t.Fatalf("field %s of %s", name, field.Type())
		}
		field.Set(p)
	}
}

// Each kind keeps every field that Fastly's client knows.
func TestClientPlainKinds(t *testing.T) {
	_, c, id := draftOf(t)
	for kind := range plainKinds {
		t.Run(kind, func(t *testing.T) {
			at := func(in reflect.Value) {
				in.FieldByName("ServiceID").SetString(id)
				in.FieldByName("ServiceVersion").SetInt(1)
			}
			name := "my " + kind
			var sent reflect.Value
			made, err := callClient(t, c, "Create"+kind, func(in reflect.Value) {
				at(in)
				in.FieldByName("Name").Set(reflect.ValueOf(&name))
				fillPlain(t, in)
				sent = in
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := callClient(t, c, "Get"+kind, func(in reflect.Value) { at(in); in.FieldByName("Name").SetString(name) })
			if err != nil {
				t.Fatal(err)
			}
			for i := range sent.NumField() {
				field := sent.Type().Field(i).Name
				if sent.Field(i).Kind() != reflect.Pointer || sent.Field(i).IsNil() {
					continue
				}
				for _, reply := range []reflect.Value{made.Elem(), got.Elem()} {
					have := reply.FieldByName(field)
					if !have.IsValid() || have.IsNil() || fmt.Sprint(have.Elem()) != fmt.Sprint(sent.Field(i).Elem()) {
						t.Errorf("%s: sent %v, got %v", field, sent.Field(i).Elem(), have)
					}
				}
			}
			changed, err := callClient(t, c, "Update"+kind, func(in reflect.Value) {
				at(in)
				in.FieldByName("Name").SetString(name)
				in.FieldByName("NewName").Set(reflect.ValueOf(new("new " + kind)))
			})
			if err != nil || *changed.Elem().FieldByName("Name").Interface().(*string) != "new "+kind {
				t.Errorf("updated %v, %v", changed, err)
			}
			plural := kind + "s"
			for alias, list := range map[string]string{"BlobStorage": "BlobStorages", "BigQuery": "BigQueries", "HTTPS": "HTTPS", "Cloudfiles": "Cloudfiles",
				"Elasticsearch": "Elasticsearch", "Logentries": "Logentries", "Loggly": "Loggly", "GrafanaCloudLogs": "GrafanaCloudLogs",
				"NewRelic": "NewRelic", "NewRelicOTLP": "NewRelicOTLP", "Openstack": "Openstack", "Kinesis": "Kinesis", "Datadog": "Datadog", "GCS": "GCSs"} {
				if alias == kind {
					plural = list
				}
			}
			if !reflect.ValueOf(c).MethodByName("List" + plural).IsValid() {
				t.Fatalf("no List%s", plural)
			}
			if list, err := callClient(t, c, "List"+plural, at); err != nil || list.Len() != 1 {
				t.Errorf("listed %v, %v", list, err)
			}
			if _, err := callClient(t, c, "Delete"+kind, func(in reflect.Value) { at(in); in.FieldByName("Name").SetString("new " + kind) }); err != nil {
				t.Error(err)
			}
			_, err = callClient(t, c, "Get"+kind, func(in reflect.Value) { at(in); in.FieldByName("Name").SetString(name) })
			wantHTTP(t, err, 404, "Record not found", "name => "+name)
			if strings.HasPrefix(plainKinds[kind], "logging/") {
				wantHTTP(t, err, 404, "Record not found", "Couldn't find syslog '{")
			}
		})
	}
}

// In the older dialect nothing is a number or a boolean but what is listed.
func TestDialects(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	numbers := map[string]string{
		"logging/azureblob": "file_max_bytes", "logging/elasticsearch": "request_max_bytes request_max_entries",
		"logging/https": "gzip_level period request_max_bytes request_max_entries add_batch_size_header",
		"logging/kafka": "request_max_bytes parse_log_keyvals", "logging/s3": "file_max_bytes", "logging/sftp": "gzip_level",
		"logging/splunk": "request_max_bytes request_max_entries",
	}
	for _, k := range service.Kinds() {
		if k.Wire != service.Strings {
			continue
		}
		name := "n" + strings.ReplaceAll(k.Name, "/", "")
		got := f.must(t, "POST", v+"/"+k.Name, "name", name, "type", map[string]string{"condition": "REQUEST", "snippet": "recv", "header": "request", "pool": "random"}[k.Name],
			"statement", "true", "dst", "http.A")
		for field, value := range got {
			_, isNumber := value.(float64)
			_, isBool := value.(bool)
			if (isNumber || isBool) != strings.Contains(" "+numbers[k.Name]+" ", " "+field+" ") {
				t.Errorf("%s.%s is %v (%T)", k.Name, field, value, value)
			}
		}
		if got["version"] != "1" || got["deleted_at"] != nil {
			t.Errorf("%s: %v", k.Name, got)
		}
	}
}

func TestLoggingRules(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	msg := func(text string) string { return fmt.Sprintf(`{"msg":%q}`, text) }
	f.must(t, "POST", v+"/logging/s3", "name", "log", "compression_codec", "snappy")
	f.do(t, "POST", v+"/logging/ftp", "name", "log").want(t, 409, jsonError("Duplicate record", "Duplicate logging_syslog: 'log'"))
	f.do(t, "POST", v+"/logging/ftp", "name", "x", "compression_codec", "snappy", "gzip_level", "8").
		want(t, 400, msg("'compression_codec' and 'gzip_level' cannot be set simultaneously"))
	f.do(t, "POST", v+"/logging/s3", "name", "x", "iam_role", "arn", "access_key", "a").
		want(t, 400, msg("'iam_role' can't be used when 'access_key' or 'secret_key' are provided"))
	f.do(t, "POST", v+"/logging/newrelic", "name", "x", "region", "abc").want(t, 400, jsonError("Bad request", "unrecognized region abc"))
	f.do(t, "POST", v+"/logging/kinesis", "name", "x", "iam_role", "badarn").
		want(t, 400, jsonError("Bad request", "invalid IAM Role ARN badarn: ARNs must have six colon-separated components"))
	r := f.send(t, "PUT", v+"/logging/s3/log", ownerToken, strings.NewReader(`{"gzip_level":9,"file_max_bytes":"5"}`), "Content-Type: application/json")
	if got := r.object(t); got["gzip_level"] != "9" || got["compression_codec"] != nil || got["file_max_bytes"] != 5.0 {
		t.Errorf("got %v", got)
	}
	// A level that gives way is told as a number, or as null if it was 0, once.
	for _, want := range []any{0.0, nil} {
		if got := f.must(t, "PUT", v+"/logging/s3/log", "compression_codec", "zstd"); got["gzip_level"] != want || got["compression_codec"] != "zstd" {
			t.Errorf("got %v", got)
		}
		if got := f.must(t, "GET", v+"/logging/s3/log"); got["gzip_level"] != "0" {
			t.Errorf("then %v", got)
		}
	}
	if got := f.must(t, "POST", v+"/logging/pubsub", "name", "p", "secret_key", "-----END-----\n"); got["secret_key"] != "-----END-----" {
		t.Errorf("got %v", got)
	}
	if got := f.must(t, "POST", v+"/logging/syslog", "name", "sys", "address", "192.0.2.1"); got["ipv4"] != "192.0.2.1" || got["hostname"] != nil || got["use_tls"] != "0" {
		t.Errorf("got %v", got)
	}
	secret := f.must(t, "POST", v+"/logging/datadog", "name", "dog", "token", "hidden")
	if got := f.as(t, readerToken, "GET", v+"/logging/datadog/dog").object(t); secret["token"] != "hidden" || got["token"] != nil {
		t.Errorf("the owner reads %v, the reader %v", secret["token"], got["token"])
	}
}
