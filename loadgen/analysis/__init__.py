"""Makes a result from counts: counts in, values out. It is pure, except that it reads files of a run's folder.

conclusion     a run's whole result, its verdict and its exit status
build          the phases, steps and scenarios of a run
latency        percentiles from histograms, each a value or the reason why there is none
confidence     the interval of each percentile
shape          how a step's times are spread, and whether they are of two kinds
groups         the requests of a step by worker
findings       what the figures prove, and a reader should know first
exemplars      single requests with their ids, for `loadgen join`
hops           divides the time of these, with what the target's own logs tell of them
timeline       a run moment by moment, for a picture
histogram_log  its times for HdrHistogram tools
per_second     a phase bin by bin, read back from the run's folder
bands          a phase whose rate changes, by the rate that was offered
thresholds     decides the profile's thresholds
unusable       whether a run says nothing of its target
documents      reads the JSON files of a folder, which anybody may have written
"""
