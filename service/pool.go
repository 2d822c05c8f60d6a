package service

// A Pool is a director whose servers lie beside all versions.
type Pool struct {
	Base
	Comment, Type                                               string
	Shield, RequestCondition, Healthcheck, OverrideHost         *string
	Quorum, MaxConnDefault                                      int64
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout       int64 // ms
	UseTLS, TLSCheckCert                                        int64 // 0 or 1
	TLSCACert, TLSClientCert, TLSClientKey                      *string
	TLSCertHostname, TLSSNIHostname, TLSCiphers, MinTLS, MaxTLS *string
}

// A Server is one address of a pool.
type Server struct {
	Base
	Address, Comment      string
	OverrideHost          *string
	Port, Weight, MaxConn int64
	Disabled              bool
}

// ServerKind is the server's row in the engine.
var ServerKind = newKind(spec[Server]{
	Name:    "server",
	Model:   "Server",
	Wire:    Strings,
	Holder:  "pool_id",
	ByID:    true,
	KeepOne: "Cannot delete only server in a pool",
	Fields: []Field[Server]{
		{Name: "id", At: func(s *Server) any { return &s.ID }, Access: Never},
		{Name: "address", At: func(s *Server) any { return &s.Address }, Required: true, MaxLen: maxHost, Check: checkAddress},
		{Name: "comment", At: func(s *Server) any { return &s.Comment }, Lines: true},
		{Name: "port", At: func(s *Server) any { return &s.Port }, Default: int64(80), Max: 65535},
		{Name: "weight", At: func(s *Server) any { return &s.Weight }, Default: int64(100), Min: 1, Max: 100},
		{Name: "max_conn", At: func(s *Server) any { return &s.MaxConn }, Max: maxCount},
		{Name: "disabled", At: func(s *Server) any { return &s.Disabled }, Number: true},
		{Name: "override_host", At: func(s *Server) any { return &s.OverrideHost }, Empty: EmptyIsNull, Check: checkHostHeader},
	},
})

// PoolKind is the pool's row in the engine.
var PoolKind = register(spec[Pool]{
	Name:  "pool",
	Model: "Pool",
	Wire:  Strings,
	Fields: []Field[Pool]{
		{Name: "id", At: func(p *Pool) any { return &p.ID }, Access: Never},
		{Name: "name", At: func(p *Pool) any { return &p.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "comment", At: func(p *Pool) any { return &p.Comment }, Lines: true},
		{Name: "type", At: func(p *Pool) any { return &p.Type }, Default: "random", Enum: []string{"random", "hash", "client"}},
		{Name: "quorum", At: func(p *Pool) any { return &p.Quorum }, Default: int64(75), Max: 100},
		{Name: "shield", At: func(p *Pool) any { return &p.Shield }},
		{Name: "request_condition", At: func(p *Pool) any { return &p.RequestCondition }, MaxLen: maxName, Refers: "condition", Late: true},
		{Name: "healthcheck", At: func(p *Pool) any { return &p.Healthcheck }, MaxLen: maxName, Refers: "healthcheck", Late: true},
		{Name: "override_host", At: func(p *Pool) any { return &p.OverrideHost }, Empty: EmptyIsNull, Check: checkHostHeader},
		{Name: "max_conn_default", At: func(p *Pool) any { return &p.MaxConnDefault }, Default: int64(200), Max: maxCount},
		{Name: "connect_timeout", At: func(p *Pool) any { return &p.ConnectTimeout }, Default: int64(1000), Max: maxMillis},
		{Name: "first_byte_timeout", At: func(p *Pool) any { return &p.FirstByteTimeout }, Default: int64(15000), Max: maxMillis},
		{Name: "between_bytes_timeout", At: func(p *Pool) any { return &p.BetweenBytesTimeout }, Default: int64(10000), Max: maxMillis},
		{Name: "use_tls", At: func(p *Pool) any { return &p.UseTLS }, Flag: true},
		{Name: "tls_check_cert", At: func(p *Pool) any { return &p.TLSCheckCert }, Default: int64(1), Flag: true},
		{Name: "tls_ca_cert", At: func(p *Pool) any { return &p.TLSCACert }, Empty: EmptyIsNull, PEM: true, Lines: true},
		{Name: "tls_client_cert", At: func(p *Pool) any { return &p.TLSClientCert }, Empty: EmptyIsNull, PEM: true, Lines: true},
		{Name: "tls_client_key", At: func(p *Pool) any { return &p.TLSClientKey }, Empty: EmptyIsNull, PEM: true, Lines: true, Secret: true},
		{Name: "tls_cert_hostname", At: func(p *Pool) any { return &p.TLSCertHostname }, Empty: EmptyIsNull, Check: checkHostname},
		{Name: "tls_sni_hostname", At: func(p *Pool) any { return &p.TLSSNIHostname }, Empty: EmptyIsNull, Check: checkHostname},
		{Name: "tls_ciphers", At: func(p *Pool) any { return &p.TLSCiphers }, Empty: EmptyIsNull},
		{Name: "min_tls_version", At: func(p *Pool) any { return &p.MinTLS }, Empty: EmptyIsNull, Check: checkTLSVersion},
		{Name: "max_tls_version", At: func(p *Pool) any { return &p.MaxTLS }, Empty: EmptyIsNull, Check: checkTLSVersion},
	},
	Holds: ServerKind,
})
