"""Text for a terminal, made with rich.

screen      one screen of a result, or all of it
run_summary, experiment_summary: the first screens; figures, picture, findings: their parts
run         the full report of a run     experiment  that of an experiment
check       of `loadgen check`           once        of `loadgen once`
keepalive   of `loadgen keepalive`       two_runs    of `loadgen compare`
tune        of `loadgen tune`
selftest    of `loadgen selftest`
display     what suits a stream while a run goes on: a few lines (live), or the whole screen:
            full_screen, which shows a view on an alternate screen; rounds, plan_chart, traces, machine: its blocks;
            blocks, chart, line: what those are made of
page        the few shapes that every report is made of; table: the one that fits any width
glance      a range on a line
phases, latency, parts, samples, failures, connections, intervals, cost, capacity_units,
    until, witness:
            sections of a run's report
comparison, scaling, reasons:
            sections of an experiment's
thresholds  the measured value of a threshold, of a run or an experiment
"""
