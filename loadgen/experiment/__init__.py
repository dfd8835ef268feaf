"""Several runs that are compared with each other, and what a folder of runs says.

rounds      the runs, in their drawn order
folder      the experiment's folder and its result
judgement   what its runs say together: comparison, ratios, scaling
variants    what is compared of each variant's runs
comparison  each variant compared with its baseline
validity    whether a verdict may be given
pairing     which variant is compared with which
primary     the figure that was chosen before
ratios      thresholds of two variants
breakdown   which part of a request makes a difference
curves      quantiles of a variant over its rounds
scaling     quantiles along an axis of load
two_runs    `loadgen compare`
keepalive   `loadgen keepalive`
check       `loadgen check`
preview     an experiment before it is one
saved       a run's folder, read again
"""
