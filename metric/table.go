package metric

// A Type is a metric's, in Prometheus's words.
type Type string

// The types.
const (
	Counter Type = "counter"
	Gauge   Type = "gauge"
	Histo   Type = "histogram"
)

// A Metric is one of the table. Units are in its name, seconds and bytes alone.
type Metric struct {
	Name   string
	Type   Type
	Help   string
	Labels []string
}

// All returns the table. Nobody may change it.
func All() []*Metric { return table }

// The metrics of services, at each edge of the process, which pop tells apart. What
// happened to requests is told by the service and, of those that went to a backend, by
// that. Reasons and sides are those of the access log.
var (
	Requests = &Metric{"headwater_requests_total", Counter,
		"Requests that the service answered, by the class of the answer's status.", []string{"pop", "service", "status"}}
	RequestFailures = &Metric{"headwater_request_failures_total", Counter,
		"Requests that failed, whatever the answer was made of that.", []string{"pop", "service", "side", "reason"}}
	SentBytes = &Metric{"headwater_sent_bytes_total", Counter,
		"Bytes sent to clients of the service, heads among them.", []string{"pop", "service"}}

	BackendHealthy = &Metric{"headwater_backend_healthy", Gauge,
		"1 if requests may be sent to the backend, 0 if its health check says otherwise.", []string{"pop", "service", "backend"}}
	BackendAddresses = &Metric{"headwater_backend_addresses", Gauge,
		"Addresses that the backend's host stands for; of one with a health check, by what that says.", []string{"pop", "service", "backend", "health"}}
	BackendConnections = &Metric{"headwater_backend_connections_in_use", Gauge,
		"Connections that requests to the backend have, and those that are being made for them.", []string{"pop", "service", "backend"}}
	BackendConnectionLimit = &Metric{"headwater_backend_connections_limit", Gauge,
		"The max_conn of the backend; 0 is no limit.", []string{"pop", "service", "backend"}}
	BackendAnswers = &Metric{"headwater_backend_answers_total", Counter,
		"Answers of the backend, by the class of their status.", []string{"pop", "service", "backend", "status"}}
	BackendFailures = &Metric{"headwater_backend_failures_total", Counter,
		"Fetches from the backend that failed, before an answer or within one.", []string{"pop", "service", "backend", "side", "reason"}}
	BackendConnect = &Metric{"headwater_backend_connect_seconds", Histo,
		"How long connections to the backend took to make, with TLS.", []string{"pop", "service", "backend"}}
	BackendFirstByte = &Metric{"headwater_backend_first_byte_seconds", Histo,
		"How long answers took, from the last byte of the request to the end of the answer's head.", []string{"pop", "service", "backend"}}

	PoolConnections = &Metric{"headwater_pool_connections", Gauge,
		"Open connections to an origin, which backends of one customer with the same endpoint share: each service that may use them tells of all.", []string{"pop", "service", "endpoint", "state"}}
)

// The metrics of the process.
var (
	ActiveServices = &Metric{"headwater_active_services", Gauge,
		"Services with an active version; at the staging edge, with a staged one.", []string{"pop"}}
	ClientConnections = &Metric{"headwater_client_connections", Gauge,
		"Open connections of clients.", []string{"pop"}}
	Unrouted = &Metric{"headwater_unrouted_requests_total", Counter,
		"Requests that reached no service.", []string{"pop", "side", "reason"}}
	Panics = &Metric{"headwater_panics_total", Counter,
		"Panics of the edge that were contained. Each is a bug.", []string{"pop"}}
	AccessLogLost = &Metric{"headwater_access_log_lost_lines_total", Counter,
		"Lines that the access log has not: there was no room for them, or their write failed.", nil}
	LogLost = &Metric{"headwater_log_lost_lines_total", Counter,
		"Lines of the process's log that standard error has not: there was no room for them, or their write failed.", nil}
	CertificateExpiry = &Metric{"headwater_certificate_expiry_seconds", Gauge,
		"When a certificate that clients may be shown expires, in Unix time.", []string{"source", "certificate"}}
	CertificateOrders = &Metric{"headwater_certificate_orders_total", Counter,
		"Orders of certificates that are over, by what came of them.", []string{"result"}}
	APICalls = &Metric{"headwater_api_calls_total", Counter,
		"Calls of the API, by the class of the answer's status.", []string{"status"}}

	Goroutines = &Metric{"go_goroutines", Gauge,
		"Goroutines that exist.", nil}
	HeapBytes = &Metric{"go_memory_heap_bytes", Gauge,
		"Memory that live objects and those not yet collected take.", nil}
	GoBytes = &Metric{"go_memory_total_bytes", Gauge,
		"Memory that the Go runtime has from the system.", nil}
	Collections = &Metric{"go_gc_cycles_total", Counter,
		"Garbage collections.", nil}
	CPUSeconds = &Metric{"process_cpu_seconds_total", Counter,
		"CPU time of the process, user and system. Linux only.", nil}
	ResidentBytes = &Metric{"process_resident_memory_bytes", Gauge,
		"Memory of the process that is in RAM. Linux only.", nil}
	OpenFDs = &Metric{"process_open_fds", Gauge,
		"Open file descriptors. Linux only.", nil}
	MaxFDs = &Metric{"process_max_fds", Gauge,
		"How many there may be. Linux only.", nil}
	StartTime = &Metric{"process_start_time_seconds", Gauge,
		"When the process began, in Unix time.", nil}
)

var table = []*Metric{
	Requests, RequestFailures, SentBytes,
	BackendHealthy, BackendAddresses, BackendConnections, BackendConnectionLimit,
	BackendAnswers, BackendFailures, BackendConnect, BackendFirstByte, PoolConnections,
	ActiveServices, ClientConnections, Unrouted, Panics, AccessLogLost, LogLost, CertificateExpiry, CertificateOrders, APICalls,
	Goroutines, HeapBytes, GoBytes, Collections,
	CPUSeconds, ResidentBytes, OpenFDs, MaxFDs, StartTime,
}
