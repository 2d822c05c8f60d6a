package vcl

// Functions that do what is not here. A program that calls one is refused.

var (
	_ = absent("ciphers and signatures are not here yet", "crypto.decrypt_base64", "crypto.decrypt_hex", "crypto.encrypt_base64",
		"crypto.encrypt_hex", "digest.ecdsa_verify", "digest.rsa_verify")
	_ = absent("there is no HTTP/2 or HTTP/3", "h2.disable_header_compression", "h2.push", "h3.alt_svc")
	_ = absent("early hints are passed on from the origin, and not made here yet", "early_hints")
	_ = absent(noCounters, "ratelimit.check_rate", "ratelimit.check_rates", "ratelimit.penaltybox_add", "ratelimit.penaltybox_has",
		"ratelimit.ratecounter_increment")
	_ = absent("answers are not slowed down", "resp.tarpit")
)
