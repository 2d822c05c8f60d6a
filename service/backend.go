package service

// A Backend is a place that answers requests in the end, with all that shapes
// the connection to it. Field names, defaults and rules follow Fastly's Backend
// API; times are in the wire's own units, since that is what clients read back.
type Backend struct {
	Base

	// Address is a host name, an IPv4 or an IPv6 address. Hostname, IPv4 and
	// IPv6 mirror it: the one that fits is set, the others are null.
	Address              string
	Hostname, IPv4, IPv6 *string

	Port   int64 // 0 is stored; nothing can be sent there
	UseSSL bool

	Comment string

	ConnectTimeout      int64  // ms, TCP and TLS together
	FirstByteTimeout    int64  // ms from the request's last byte to the answer's first
	BetweenBytesTimeout int64  // ms between two reads of the answer
	FetchTimeout        *int64 // ms for the whole answer; null is no limit

	MaxConn         int64
	Weight          int64
	ErrorThreshold  int64 // deprecated by Fastly; kept and echoed
	AutoLoadbalance bool

	RequestCondition string // null is never answered, "" is none
	Healthcheck      *string
	Shield           *string
	OverrideHost     *string
	ShareKey         *string

	KeepaliveTime        *int64 // s a pooled connection may idle
	TCPKeepaliveEnable   *bool
	TCPKeepaliveInterval *int64 // s
	TCPKeepaliveProbes   *int64
	TCPKeepaliveTime     *int64 // s
	MaxUse               *int64 // requests a connection; null is no limit
	MaxLifetime          *int64 // ms; null is no limit
	PreferIPv6           bool

	SSLCheckCert    bool
	SSLCertHostname *string
	SSLSNIHostname  *string
	SSLHostname     *string // deprecated by Fastly; kept and echoed
	SSLCACert       *string // PEM
	SSLClientCert   *string // PEM
	SSLClientKey    *string // PEM; sealed at rest
	SSLCiphers      *string // an OpenSSL cipher list
	MinTLSVersion   *string
	MaxTLSVersion   *string

	ClientCert *string // unused by Fastly; always null

	preferSent bool // prefer_ipv6 was, when the backend was created
}

// Bounds of what Linux takes for TCP_KEEPIDLE and TCP_KEEPINTVL, in seconds, and
// for TCP_KEEPCNT (tcp(7)). The least is 1.
const (
	MaxKeepaliveSeconds = 32767
	MaxKeepaliveProbes  = 127
)

// BackendKind is the backend's row in the engine.
var BackendKind = register(spec[Backend]{
	Name:  "backend",
	Model: "Backend",
	Wire:  Numbers,
	Fields: []Field[Backend]{
		{Name: "name", At: func(b *Backend) any { return &b.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "address", At: func(b *Backend) any { return &b.Address }, MaxLen: maxHost, Check: checkAddress},
		{Name: "hostname", At: func(b *Backend) any { return &b.Hostname }, MaxLen: maxHost, Empty: EmptyIsNull, Check: checkHostname},
		{Name: "ipv4", At: func(b *Backend) any { return &b.IPv4 }, Empty: EmptyIsNull, Check: checkIPv4},
		{Name: "ipv6", At: func(b *Backend) any { return &b.IPv6 }, Empty: EmptyIsNull, Check: checkIPv6},
		{Name: "port", At: func(b *Backend) any { return &b.Port }, Default: int64(80), Max: 65535},
		{Name: "use_ssl", At: func(b *Backend) any { return &b.UseSSL }},
		{Name: "comment", At: func(b *Backend) any { return &b.Comment }, Lines: true},
		{Name: "connect_timeout", At: func(b *Backend) any { return &b.ConnectTimeout }, Default: int64(1000), Max: maxMillis},
		{Name: "first_byte_timeout", At: func(b *Backend) any { return &b.FirstByteTimeout }, Default: int64(15000), Max: maxMillis},
		{Name: "between_bytes_timeout", At: func(b *Backend) any { return &b.BetweenBytesTimeout }, Default: int64(10000), Max: maxMillis},
		{Name: "fetch_timeout", At: func(b *Backend) any { return &b.FetchTimeout }, Max: maxMillis},
		{Name: "max_conn", At: func(b *Backend) any { return &b.MaxConn }, Default: int64(200), Max: maxCount},
		{Name: "weight", At: func(b *Backend) any { return &b.Weight }, Default: int64(100), Min: 1, Max: maxCount},
		{Name: "error_threshold", At: func(b *Backend) any { return &b.ErrorThreshold }, Max: maxCount},
		{Name: "auto_loadbalance", At: func(b *Backend) any { return &b.AutoLoadbalance }},
		{Name: "request_condition", At: func(b *Backend) any { return &b.RequestCondition }, MaxLen: maxName, Refers: "condition"},
		{Name: "healthcheck", At: func(b *Backend) any { return &b.Healthcheck }, MaxLen: maxName, Refers: "healthcheck"},
		{Name: "shield", At: func(b *Backend) any { return &b.Shield }, MaxLen: maxName},
		{Name: "override_host", At: func(b *Backend) any { return &b.OverrideHost }, Empty: EmptyClears, MaxLen: maxHost, Check: checkHostHeader},
		{Name: "share_key", At: func(b *Backend) any { return &b.ShareKey }, Empty: EmptyIsNull, MaxLen: maxName, Check: checkShareKey},
		{Name: "keepalive_time", At: func(b *Backend) any { return &b.KeepaliveTime }, Max: maxSeconds},
		{Name: "tcp_keepalive_enable", At: func(b *Backend) any { return &b.TCPKeepaliveEnable }},
		{Name: "tcp_keepalive_interval", At: func(b *Backend) any { return &b.TCPKeepaliveInterval }, Min: 1, Max: MaxKeepaliveSeconds},
		{Name: "tcp_keepalive_probes", At: func(b *Backend) any { return &b.TCPKeepaliveProbes }, Min: 1, Max: MaxKeepaliveProbes},
		{Name: "tcp_keepalive_time", At: func(b *Backend) any { return &b.TCPKeepaliveTime }, Min: 1, Max: MaxKeepaliveSeconds},
		{Name: "max_use", At: func(b *Backend) any { return &b.MaxUse }, Max: maxCount, ZeroNull: true},
		{Name: "max_lifetime", At: func(b *Backend) any { return &b.MaxLifetime }, Max: maxMillis, ZeroNull: true},
		{Name: "prefer_ipv6", At: func(b *Backend) any { return &b.PreferIPv6 }},
		{Name: "ssl_check_cert", At: func(b *Backend) any { return &b.SSLCheckCert }, Default: true},
		{Name: "ssl_cert_hostname", At: func(b *Backend) any { return &b.SSLCertHostname }, Empty: EmptyIsNull, MaxLen: maxHost, Check: checkAddress},
		{Name: "ssl_sni_hostname", At: func(b *Backend) any { return &b.SSLSNIHostname }, Empty: EmptyIsNull, MaxLen: maxHost, Check: checkAddress},
		{Name: "ssl_hostname", At: func(b *Backend) any { return &b.SSLHostname }, Empty: EmptyIsNull, MaxLen: maxHost, Check: checkAddress},
		{Name: "ssl_ca_cert", At: func(b *Backend) any { return &b.SSLCACert }, Empty: EmptyIsNull, Lines: true, PEM: true, Check: checkCertificates},
		{Name: "ssl_client_cert", At: func(b *Backend) any { return &b.SSLClientCert }, Empty: EmptyIsNull, Lines: true, PEM: true, Check: checkCertificates},
		{Name: "ssl_client_key", At: func(b *Backend) any { return &b.SSLClientKey }, Empty: EmptyIsNull, Lines: true, PEM: true, Check: checkPrivateKey, Secret: true},
		{Name: "ssl_ciphers", At: func(b *Backend) any { return &b.SSLCiphers }, Empty: EmptyIsNull},
		{Name: "min_tls_version", At: func(b *Backend) any { return &b.MinTLSVersion }, Empty: EmptyClears, Check: checkTLSVersion},
		{Name: "max_tls_version", At: func(b *Backend) any { return &b.MaxTLSVersion }, Empty: EmptyClears, Check: checkTLSVersion},
		{Name: "client_cert", At: func(b *Backend) any { return &b.ClientCert }, Empty: EmptyIsNull, PEM: true, Lines: true},
	},
	Settle: (*Backend).settle,
	Adopt: func(b *Backend, serviceType string) {
		if !b.preferSent {
			b.PreferIPv6 = serviceType == "wasm"
		}
	},
})

// settle brings the fields that Fastly derives from each other into line, and
// refuses what cannot be right together.
func (b *Backend) settle(in Input, creating bool) error {
	if err := b.settleAddress(in); err != nil {
		return err
	}
	b.settleUseSSL(in)
	b.ClientCert = nil
	b.preferSent = sent(in, "prefer_ipv6")
	return b.checkTLS(in)
}

// settleAddress keeps address, hostname, ipv4 and ipv6 one thing under four
// names. Address wins over the others when several are sent.
func (b *Backend) settleAddress(in Input) error {
	switch {
	case sent(in, "address"):
	case sent(in, "hostname"):
		b.Address = *b.Hostname
	case sent(in, "ipv4"):
		b.Address = *b.IPv4
	case sent(in, "ipv6"):
		b.Address = *b.IPv6
	}
	if b.Address == "" {
		return Errorf(Invalid, "'address' is required")
	}
	b.Hostname, b.IPv4, b.IPv6 = nil, nil, nil
	switch address := b.Address; addressKind(address) {
	case isIPv4:
		b.IPv4 = &address
	case isIPv6:
		b.IPv6 = &address
	default:
		b.Hostname = &address
	}
	return nil
}

// settleUseSSL follows the documented rule that the two well-known ports choose
// TLS, unless the same request says otherwise. Fastly's CLI relies on it.
func (b *Backend) settleUseSSL(in Input) {
	if _, ok := in["use_ssl"]; ok || !sent(in, "port") {
		return
	}
	switch b.Port {
	case 80:
		b.UseSSL = false
	case 443:
		b.UseSSL = true
	}
}

// checkTLS refuses what no handshake could succeed with. A key and a certificate
// may be replaced one after the other only when the first of the two requests
// clears the other field.
func (b *Backend) checkTLS(in Input) error {
	lowest, highest := b.MinTLSVersion, b.MaxTLSVersion
	if lowest != nil && highest != nil && TLSVersion(*lowest) > TLSVersion(*highest) {
		return Errorf(Invalid, "'min_tls_version' is above 'max_tls_version'")
	}
	if b.SSLClientCert == nil || b.SSLClientKey == nil || !sent(in, "ssl_client_cert") && !sent(in, "ssl_client_key") {
		return nil
	}
	return checkPair(*b.SSLClientCert, *b.SSLClientKey)
}

// sent reports whether a client sent name with a value, which null is not.
func sent(in Input, name string) bool {
	v := in[name]
	return v.Type != NullValue && v.Text != ""
}
