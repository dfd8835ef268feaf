-- the quantiles in us, of those that wrk shows after its correction
function done(summary, latency, requests)
    for _, q in ipairs({50, 95, 99}) do
        print(string.format("quantile %d: %d", q, latency:percentile(q)))
    end
    print(string.format("longest: %d", latency.max))
end
