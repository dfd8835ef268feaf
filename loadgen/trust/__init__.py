"""Judges whether the target made the tail or this machine did.

probe, host            what a worker measures of itself; what the whole machine reports
idle                   how late an idle worker is before the load, and the resolution that follows from it
health, network        the workers' samples, added up
figure                 this machine's share of each figure
watch, evidence        collects all figures that are judged
signals, finding       the table of signals; one signal's limits, and its finding on a run
verdict                VALID, DEGRADED or INVALID, and why
"""
