"""Workers: processes that share nothing, start together, and whose figures add up exactly.

fleet       the parent of the workers
worker      one worker's life
messages    what the two say to each other
pipe        what carries it
client      a profile's client, made
"""
