-- What wrk does not print by itself, as one line of numbers: requests, errors, the
-- microseconds that all of it took, and the median, the 99th and the 99.9th percentile
-- of latency in microseconds.
done = function(summary, latency)
	local e = summary.errors
	io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests,
		e.connect + e.read + e.write + e.status + e.timeout, summary.duration,
		latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end

-- BENCH_BODY has requests carry a body of so many bytes.
local body = tonumber(os.getenv("BENCH_BODY"))
if body then
	wrk.method = "POST"
	wrk.body = string.rep("x", body)
end

-- BENCH_HOSTS has them name one of so many hosts, at random.
local hosts = tonumber(os.getenv("BENCH_HOSTS"))
if hosts then
	local domain, made = wrk.headers["Host"], {}
	request = function()
		local i = math.random(hosts)
		if not made[i] then
			wrk.headers["Host"] = "s" .. i .. "." .. domain
			made[i] = wrk.format()
		end
		return made[i]
	end
end
