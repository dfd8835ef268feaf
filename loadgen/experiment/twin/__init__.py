"""`loadgen fit`: a sandbox that behaves like the target of a saved run.

observed      what a saved run tells of its target
table         a quantile table from counts
fitted        the settings of the sandbox, and why they are so
adapted       the run's profile, with the sandbox as its target
virtual       a load on a target in virtual time
agreement     how well run and twin agree
fit           all of it
"""
