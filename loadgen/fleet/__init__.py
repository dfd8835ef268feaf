"""Worker processes. They share nothing and start together, and their figures add up exactly.

fleet       groups of workers, started and steered together
group       the workers of one plan, and the figures that they send
worker      one worker, from its start to its end
backlog     what workers recorded and is not counted yet
aggregator  the process that counts it
folder      counts it, in that process or in this one
messages    the messages between fleet and workers
aggregation the messages between fleet and aggregator
pipe        carries the messages
placement   where workers run: on this machine, or
nodes       on others, of each of which
node        starts workers there, and passes their messages on
left        what one that died has left
scratch     where it left it
orders      the messages between fleet and nodes
sealing     takes secrets out of them
clocks      how far a node's clock is ahead
on_ray      finds nodes and calls them, by Ray
"""
