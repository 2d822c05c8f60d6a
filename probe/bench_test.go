package probe

const originVariable = "HEADWATER_PROBE_ORIGIN"

func serveBenchmark() {}
