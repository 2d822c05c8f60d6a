package service

import "strings"

// A Logging is an endpoint that log lines are sent to: one type for all kinds of
// them. Which of the slots a kind uses, and under which names, the table below
// says.
type Logging struct {
	Base
	texts   [24]*string
	numbers [8]*int64
	flags   [2]*bool

	number string // the field that is a number in the reply to the last write alone
}

func (l *Logging) numberOnce() string { return l.number }

// A logField is one row of a logging kind.
type logField struct {
	name   string
	slot   logSlot
	def    any
	number bool // a number where most kinds have a text
	min    int64
	max    int64
	flag   bool
	secret bool
	never  bool
	lines  bool
	trim   bool
	pem    bool
	enum   []string
	check  func(string) error
	refers string
}

type logSlot int

const (
	logText logSlot = iota
	logNumber
	logFlag
)

// Rows of one field.

func logTexts(names ...string) []logField {
	var fields []logField
	for _, name := range names {
		fields = append(fields, logField{name: name})
	}
	return fields
}

func logSecrets(names ...string) []logField {
	var fields []logField
	for _, name := range names {
		fields = append(fields, logField{name: name, secret: true, lines: true})
	}
	return fields
}

// logKeys are secrets that Fastly keeps without the line break at their end.
func logKeys(names ...string) []logField {
	fields := logSecrets(names...)
	for i := range fields {
		fields[i].trim = true
	}
	return fields
}

func logDefault(name, def string, enum ...string) []logField {
	return []logField{{name: name, def: def, enum: enum}}
}

func logChecked(name string, check func(string) error) []logField {
	return []logField{{name: name, check: check}}
}

func logInt(name string, def, highest int64) []logField {
	return []logField{{name: name, slot: logNumber, def: def, max: highest}}
}

// logUnset are fields that only replies have, always null.
func logUnset(names ...string) []logField {
	fields := logTexts(names...)
	for i := range fields {
		fields[i].never = true
	}
	return fields
}

// asNumbers makes numbers of the fields' texts.
func asNumbers(fields []logField) []logField {
	for i := range fields {
		fields[i].number = true
	}
	return fields
}

func logTLSFlag() []logField {
	return []logField{{name: "use_tls", slot: logNumber, def: int64(0), flag: true}}
}

// Rows that several kinds share.

func logCommon() []logField {
	return join(
		[]logField{{name: "format", def: "%h %l %u %t \"%r\" %>s %b", lines: true}},
		[]logField{{name: "format_version", slot: logNumber, def: int64(2), min: 1, max: 2}},
		[]logField{{name: "placement", enum: []string{"none", "waf_debug"}}},
		[]logField{{name: "response_condition", def: "", refers: "condition"}},
		logDefault("log_processing_region", "none", "none", "us", "eu"),
	)
}

func logMessageType() []logField {
	return logDefault("message_type", "classic", "classic", "loggly", "logplex", "blank")
}

func logCompression() []logField {
	return join(
		[]logField{{name: "compression_codec", enum: []string{"zstd", "snappy", "gzip"}}},
		logInt("gzip_level", 0, 9),
	)
}

// logFiles are of kinds that store lines in files.
func logFiles() []logField {
	return join(
		logTexts("path", "public_key"), logInt("period", 3600, maxSeconds),
		logDefault("timestamp_format", "%Y-%m-%dT%H:%M:%S.000"), logMessageType(), logCompression(),
	)
}

func logTLS() []logField {
	fields := join(logTexts("tls_ca_cert", "tls_client_cert", "tls_hostname"), logSecrets("tls_client_key"))
	for i := range fields {
		fields[i].pem = fields[i].name != "tls_hostname"
	}
	return fields
}

func logBatches() []logField {
	return asNumbers(join(logInt("request_max_bytes", 0, maxCount), logInt("request_max_entries", 0, maxCount)))
}

func join(groups ...[]logField) []logField {
	var all []logField
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// loggingKinds are all of them, by the last segment of their path.
var loggingKinds = map[string][]logField{
	"azureblob":        join(logFiles(), logTexts("account_name", "container"), logSecrets("sas_token"), asNumbers(logInt("file_max_bytes", 0, maxCount))),
	"bigquery":         join(logTexts("account_name", "dataset", "project_id", "table", "template_suffix", "user"), logKeys("secret_key")),
	"cloudfiles":       join(logFiles(), logTexts("bucket_name", "region", "user"), logSecrets("access_key")),
	"datadog":          join(logTexts("region"), logSecrets("token")),
	"digitalocean":     join(logFiles(), logTexts("bucket_name", "domain"), logSecrets("access_key", "secret_key"), logUnset("redundancy")),
	"elasticsearch":    join(logBatches(), logTLS(), logTexts("index", "pipeline", "url", "user"), logSecrets("password")),
	"ftp":              join(logFiles(), logTexts("address", "user", "hostname", "ipv4"), logSecrets("password"), logInt("port", 21, 65535)),
	"gcs":              join(logFiles(), logTexts("account_name", "bucket_name", "project_id", "user"), logSecrets("secret_key")),
	"grafanacloudlogs": join(logTexts("index", "url", "user"), logSecrets("token")),
	"heroku":           join(logTexts("url"), logSecrets("token")),
	"honeycomb":        join(logTexts("dataset"), logSecrets("token")),
	"https": join(logBatches(), logTLS(), logMessageType(), asNumbers(logCompression()), asNumbers(logInt("period", 5, maxSeconds)),
		logTexts("content_type", "header_name", "header_value", "url"), logDefault("json_format", "0", "0", "1", "2"),
		logDefault("method", "POST", "POST", "PUT"), []logField{{name: "add_batch_size_header", slot: logFlag, def: false, number: true}}),
	"kafka": join(logTLS(), logTLSFlag(), asNumbers(logInt("request_max_bytes", 0, maxCount)), logSecrets("password"),
		logTexts("auth_method", "brokers", "compression_codec", "topic", "user"), logDefault("required_acks", "1", "1", "0", "-1"),
		[]logField{{name: "parse_log_keyvals", slot: logFlag, def: false, number: true}}),
	"kinesis":      join(logTexts("region", "topic"), logChecked("iam_role", checkARN), logSecrets("access_key", "secret_key")),
	"logentries":   join(logTexts("region"), logTLSFlag(), logInt("port", 20000, 65535), logSecrets("token"), logUnset("hostname", "public_key")),
	"loggly":       join(logSecrets("token"), logUnset("public_key")),
	"logshuttle":   join(logTexts("url"), logSecrets("token")),
	"newrelic":     join(logChecked("region", checkNewRelicRegion), logSecrets("token")),
	"newrelicotlp": join(logChecked("region", checkNewRelicRegion), logTexts("url"), logSecrets("token")),
	"openstack":    join(logFiles(), logTexts("bucket_name", "url", "user"), logSecrets("access_key")),
	"papertrail":   join(logTexts("address"), logInt("port", 514, 65535), logUnset("public_key")),
	"pubsub":       join(logTexts("account_name", "project_id", "topic", "user"), logKeys("secret_key")),
	"s3": join(logFiles(), logTexts("acl", "bucket_name", "domain", "iam_role", "redundancy", "server_side_encryption", "server_side_encryption_kms_key_id"),
		logSecrets("access_key", "secret_key"), asNumbers(logInt("file_max_bytes", 0, maxCount))),
	"scalyr":    join(logDefault("region", "US"), logTexts("project_id"), logSecrets("token")),
	"sftp":      join(sftpFiles(), logTexts("address", "ssh_known_hosts", "user"), logSecrets("password"), logKeys("secret_key"), logInt("port", 22, 65535)),
	"splunk":    join(logBatches(), logTLS(), logTLSFlag(), logTexts("url"), logSecrets("token")),
	"sumologic": join(logMessageType(), logTexts("url")),
	"syslog": join(logTLS(), logTLSFlag(), logMessageType(), logTexts("address", "hostname", "ipv4"), logSecrets("token"),
		logInt("port", 514, 65535), logUnset("public_key")),
}

// sftpFiles are logFiles with the one number that is none elsewhere.
func sftpFiles() []logField {
	fields := logFiles()
	for i := range fields {
		fields[i].number = fields[i].name == "gzip_level"
	}
	return fields
}

var _ = registerLogging()

func registerLogging() struct{} {
	for name, own := range loggingKinds {
		register(loggingSpec(name, join(logCommon(), own)))
	}
	return struct{}{}
}

// loggingSpec gives each field the next slot of its type.
func loggingSpec(name string, fields []logField) spec[Logging] {
	s := spec[Logging]{
		Name:   "logging/" + name,
		Model:  "syslog",
		Noun:   "logging_syslog",
		Family: "logging",
		Wire:   Strings,
		Fields: []Field[Logging]{{Name: "name", At: func(l *Logging) any { return &l.Name }, Required: true, MaxLen: maxName, Check: checkName}},
	}
	layout := logLayout{}
	var next [3]int
	for _, f := range fields {
		i := next[f.slot]
		next[f.slot]++
		layout[f.name] = i
		row := Field[Logging]{Name: f.name, Default: f.def, Number: f.number, Min: f.min, Max: f.max, Flag: f.flag,
			Secret: f.secret, Lines: true, Trim: f.trim, PEM: f.pem, MaxLen: maxPEM, Enum: f.enum, Check: f.check, Refers: f.refers, Late: true}
		if f.never {
			row.Access = Never
		}
		switch f.slot {
		case logText:
			row.At = func(l *Logging) any { return &l.texts[i] }
		case logNumber:
			row.At = func(l *Logging) any { return &l.numbers[i] }
		case logFlag:
			row.At = func(l *Logging) any { return &l.flags[i] }
		}
		s.Fields = append(s.Fields, row)
	}
	s.Settle = layout.settle
	return s
}

// A logLayout is the slot of each field of a kind.
type logLayout map[string]int

// text returns the field of that name, nil if the kind has none.
func (y logLayout) text(l *Logging, name string) **string {
	i, ok := y[name]
	if !ok {
		return nil
	}
	return &l.texts[i]
}

func (y logLayout) has(l *Logging, name string) bool {
	p := y.text(l, name)
	return p != nil && *p != nil && **p != ""
}

func (y logLayout) settle(l *Logging, in Input, creating bool) error {
	l.number = ""
	if err := y.settleCompression(l, in, creating); err != nil {
		return err
	}
	y.settleAddress(l, in)
	if y.has(l, "iam_role") && (y.has(l, "access_key") || y.has(l, "secret_key")) {
		return Errorf(Objection, "'iam_role' can't be used when 'access_key' or 'secret_key' are provided")
	}
	return nil
}

// settleCompression keeps one of the two ways to compress: what is sent takes
// the other's place. In the reply to an update a level that gives way to a codec
// is null if it was 0, and a number otherwise, whatever the kind's dialect.
func (y logLayout) settleCompression(l *Logging, in Input, creating bool) error {
	i, ok := y["gzip_level"]
	if !ok {
		return nil
	}
	level := in["gzip_level"].Text
	codec, gzip := sent(in, "compression_codec"), level != "" && level != "0"
	switch {
	case codec && gzip:
		return Errorf(Objection, "'compression_codec' and 'gzip_level' cannot be set simultaneously")
	case codec && !creating && l.numbers[i] != nil && *l.numbers[i] == 0:
		l.numbers[i] = nil // reads as 0 again
	case codec:
		l.numbers[i] = new(int64)
		if !creating {
			l.number = "gzip_level"
		}
	case gzip:
		*y.text(l, "compression_codec") = nil
	}
	return nil
}

// settleAddress mirrors the address as a backend does.
func (y logLayout) settleAddress(l *Logging, in Input) {
	hostname, ipv4 := y.text(l, "hostname"), y.text(l, "ipv4")
	if hostname == nil || ipv4 == nil {
		return
	}
	address := y.text(l, "address")
	switch {
	case sent(in, "address"):
	case sent(in, "hostname"):
		*address = *hostname
	case sent(in, "ipv4"):
		*address = *ipv4
	default:
		return
	}
	*hostname, *ipv4 = nil, nil
	if addressKind(**address) == isIPv4 {
		*ipv4 = *address
	} else {
		*hostname = *address
	}
}

// The words of these two are Fastly's own.

func checkNewRelicRegion(region string) error {
	if r := strings.ToLower(region); r != "us" && r != "eu" {
		return Errorf(Invalid, "unrecognized region %s", region)
	}
	return nil
}

func checkARN(arn string) error {
	if strings.Count(arn, ":") < 5 {
		return Errorf(Invalid, "invalid IAM Role ARN %s: ARNs must have six colon-separated components", arn)
	}
	return nil
}
