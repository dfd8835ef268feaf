"""Worker processes. They share nothing and start together, and their figures add up exactly.

fleet       groups of workers, started and steered together
group       the workers of one plan, and the figures that they send
worker      one worker, from its start to its end
messages    the messages between fleet and workers
pipe        carries the messages
client      makes a profile's client
"""
