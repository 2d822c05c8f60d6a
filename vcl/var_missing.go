package vcl

// Variables that tell of what is not here. A program that names one is refused.

const (
	noPlaces    = "there is no database of places and networks"
	noAgents    = "there is no database of browsers and devices"
	noSockets   = "the kernel's figures of a connection are not read"
	noQUIC      = "there is no HTTP/3"
	noCerts     = "clients are not asked for certificates"
	noForms     = "how these are made is not published"
	noNames     = "there is no list of the names of all suites and extensions"
	noCounters  = "there are no rate counters"
	noSegments  = "there is no segmented caching"
	noInclusion = "there are no edge side includes"
)

var (
	_ = missing(noPlaces, String, "client.as.name", "client.geo.city", "client.geo.city.ascii", "client.geo.city.latin1",
		"client.geo.city.utf8", "client.geo.conn_speed", "client.geo.conn_type", "client.geo.continent_code",
		"client.geo.country_code", "client.geo.country_code3", "client.geo.country_name", "client.geo.country_name.ascii",
		"client.geo.country_name.latin1", "client.geo.country_name.utf8", "client.geo.ip_override", "client.geo.postal_code",
		"client.geo.proxy_description", "client.geo.proxy_type", "client.geo.region", "client.geo.region.ascii",
		"client.geo.region.latin1", "client.geo.region.utf8")
	_ = missing(noPlaces, Integer, "client.as.number", "client.geo.area_code", "client.geo.gmt_offset", "client.geo.metro_code", "client.geo.utc_offset")
	_ = missing(noPlaces, Float, "client.geo.latitude", "client.geo.longitude")

	_ = missing(noAgents, String, "client.bot.name", "client.browser.name", "client.browser.version", "client.os.name",
		"client.os.version", "client.platform.hwtype", "client.platform.model", "client.platform.vendor")
	_ = missing(noAgents, Boolean, "client.class.bot", "client.class.browser", "client.display.touchscreen",
		"client.platform.gameconsole", "client.platform.mediaplayer", "client.platform.mobile", "client.platform.smarttv", "client.platform.tablet")

	_ = missing(noSockets, String, "backend.socket.congestion_algorithm", "client.socket.congestion_algorithm")
	_ = missing(noSockets, IP, "client.socket.nexthop")
	_ = missing(noSockets, Float, "client.socket.ploss")
	_ = missing(noSockets, Boolean, "client.socket.tcp_info")
	_ = missing(noSockets, Integer, "client.socket.pace", "transport.bw_estimate")
	_ = missing(noSockets, Integer, socketNames("backend.socket.")...)
	_ = missing(noSockets, Integer, socketNames("client.socket.")...)

	_ = missing(noQUIC, Integer, "quic.cc.cwnd", "quic.cc.ssthresh", "quic.num_bytes.received", "quic.num_bytes.sent",
		"quic.num_packets.ack_received", "quic.num_packets.decryption_failed", "quic.num_packets.late_acked", "quic.num_packets.lost",
		"quic.num_packets.received", "quic.num_packets.sent", "quic.rtt.latest", "quic.rtt.minimum", "quic.rtt.smoothed", "quic.rtt.variance")

	_ = missing(noCerts, String, "tls.client.certificate.dn", "tls.client.certificate.issuer_dn", "tls.client.certificate.raw_certificate_b64",
		"tls.client.certificate.serial_number")
	_ = missing(noForms, String, "tls.client.ciphers_sha", "tls.client.tlsexts_sha")
	_ = missing(noNames, String, "tls.client.ciphers_list_txt", "tls.client.tlsexts_list_txt")
	_ = missing(noCerts, Boolean, "tls.client.certificate.is_cert_bad", "tls.client.certificate.is_cert_expired",
		"tls.client.certificate.is_cert_missing", "tls.client.certificate.is_cert_unknown", "tls.client.certificate.is_unknown_ca", "tls.client.certificate.is_verified")
	_ = missing(noCerts, Timestamp, "tls.client.certificate.not_after", "tls.client.certificate.not_before")

	_ = missing(noCounters, Integer, "ratecounter.{NAME}.bucket.10s", "ratecounter.{NAME}.bucket.20s", "ratecounter.{NAME}.bucket.30s",
		"ratecounter.{NAME}.bucket.40s", "ratecounter.{NAME}.bucket.50s", "ratecounter.{NAME}.bucket.60s")
	_ = missing(noCounters, Float, "ratecounter.{NAME}.rate.10s", "ratecounter.{NAME}.rate.1s", "ratecounter.{NAME}.rate.60s")

	_ = missing(noSegments, Boolean, "segmented_caching.autopurged", "segmented_caching.cancelled", "segmented_caching.client_req.is_open_ended",
		"segmented_caching.client_req.is_range", "segmented_caching.completed", "segmented_caching.failed", "segmented_caching.is_inner_req",
		"segmented_caching.is_outer_req")
	_ = missing(noSegments, String, "segmented_caching.error")
	_ = missing(noSegments, Integer, "segmented_caching.block_number", "segmented_caching.block_size", "segmented_caching.client_req.range_high",
		"segmented_caching.client_req.range_low", "segmented_caching.obj.complete_length", "segmented_caching.rounded_req.range_high",
		"segmented_caching.rounded_req.range_low", "segmented_caching.total_blocks")

	_ = missing(noInclusion, Boolean, "esi.allow_inside_cdata")
)

// socketNames are the figures that the kernel keeps of a TCP connection.
func socketNames(prefix string) (names []string) {
	for _, name := range []string{"cwnd", "tcpi_advmss", "tcpi_bytes_acked", "tcpi_bytes_received", "tcpi_data_segs_in",
		"tcpi_data_segs_out", "tcpi_delivery_rate", "tcpi_delta_retrans", "tcpi_last_data_sent", "tcpi_max_pacing_rate",
		"tcpi_min_rtt", "tcpi_notsent_bytes", "tcpi_pacing_rate", "tcpi_pmtu", "tcpi_rcv_mss", "tcpi_rcv_rtt", "tcpi_rcv_space",
		"tcpi_rcv_ssthresh", "tcpi_reordering", "tcpi_rtt", "tcpi_rttvar", "tcpi_segs_in", "tcpi_segs_out", "tcpi_snd_cwnd",
		"tcpi_snd_mss", "tcpi_snd_ssthresh", "tcpi_total_retrans"} {
		names = append(names, prefix+name)
	}
	return names
}
