"""One run, from its profile to its result.

session      the run itself: prepared, loaded, concluded
destination  where the load goes: a sandbox that is started, or somebody's host
limits       what this machine and the profile allow: workers, connections, descriptors, ports
secrets      keys and tokens, read before the load and renewed during it
preflight    one request of each step, before the load on a host that is not this machine
probe        one exchange of each step, kept whole
once         `loadgen once`
interrupts   signals
progress     what the display reads while the run goes on
stop         the conditions that end a run early
advice       what to do about a failure
metadata     what a result says of its run, besides figures
redaction    no secret in what is written
table/       a DynamoDB table before, during and after the load
until/       a run that goes on until a figure is known well enough
witness/     a second, thin load beside the workers, which tells whether they saw the same
"""
