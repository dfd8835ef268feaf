"""What was counted becomes a result: counts in, values out. Pure, but for the files of a run's folder that it reads.

conclusion   a run's whole result, its verdict and its exit status
build        the phases, steps and scenarios of a run
latency      histograms into percentiles, each with its value or the reason why there is none
confidence   the interval of each percentile
per_second   a phase second by second, read back from the run's folder
thresholds   what the profile asks of the figures
documents    JSON files of a folder, which anybody may have written
"""
