"""Compares several runs with each other, and reads folders of runs.

rounds      carries out the runs, round by round
order       draws the order of the runs in each round, and their seeds
folder      the experiment's folder and its result
judgement   puts comparison, ratios and scaling together
variants    the figures of each variant's runs that are compared
comparison  each variant compared with its baseline
validity    whether a verdict may be given
pairing     which variant is compared with which
primary     the figure that decides, chosen before the run
ratios      thresholds of two variants
breakdown   which part of a request makes the difference
curves      quantiles of a variant over its rounds
scaling     quantiles along an axis of load
two_runs    `loadgen compare`
keepalive   `loadgen keepalive`
capacity    `loadgen capacity`, a folder
tune        `loadgen tune`, a folder
check       `loadgen check`
share       what one run carries out: in a duet a share of the load; its limits
positions   where each run stands, for the display
preview     what `loadgen check` shows of an experiment
saved       reads a run's folder again
"""
