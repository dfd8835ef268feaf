"""One run, from its profile to its result.

session      the run itself: from what is prepared to what it has come to
prepared     what is known and checked before the load
options      how to carry a profile out, besides what it says
destination  where the load goes: a sandbox that is started, or somebody's host
limits       what this machine and the profile allow: workers, connections, descriptors, ports
secrets      keys and tokens, read before the load and renewed during it
preflight    one request of each step, before the load on a host that is not this machine
probe        one exchange of each step, kept whole
once         `loadgen once`
interrupts   signals
progress     what the display reads while the run goes on
warnings     what the user should know, kept for the result
stop         the conditions that end a run early
advice       what to do about a failure
metadata     what a result says of its run, besides figures
redaction    no secret in what is written, wherever its value stands
secret_names no value that goes by the name of a secret in an exchange that is shown whole
table/       a DynamoDB table before, during and after the load
until/       a run that goes on until a figure is known well enough
witness/     a second, small load beside the workers, which tells whether they saw the same
"""
