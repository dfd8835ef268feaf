"""One run, from its profile to its result.

session      the run itself: from the prepared run to its result
prepared     what is read and checked before the load
options      how to run a profile, besides what the profile says
destination  where the load goes: a sandbox that loadgen starts, or a host
limits       what a machine and the profile allow: workers, connections, descriptors, ports
nodes        other machines: what each authorizes with, reaches and has room for
shared       a load that several machines share without hearing of each other
secrets      keys and tokens, read before the load and renewed during it
preflight    one request of each step, before the load on any target but a sandbox
probe        sends one request of each step, and keeps the exchange whole
once         `loadgen once`
interrupts   signals
progress     the values that the display shows during the run
course       what happened second by second, for the display
so_far       what the signals of trust say while the run goes on
warnings     what the user should know, kept for the result
stop         the conditions that end a run early
advice       what to do about a failure
metadata     what a result says of its run, besides figures
control      calls of a service's own API, before and after the load
join         `loadgen join`: finds requests of a run in the target's own logs
table/       a DynamoDB table before, during and after the load
function/    a Lambda function's own configuration, changed and given back
until/       a run that goes on until a figure is precise enough, or its thresholds are decided
witness/     a second, small load beside the workers, and whether both agree
"""
