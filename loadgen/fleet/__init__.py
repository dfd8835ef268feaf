"""Workers: processes that share nothing, start together, and whose figures add up exactly.

fleet       groups of workers, started and steered together
group       the workers of one plan, and what they hand in
worker      one worker's life
messages    what the two say to each other
pipe        what carries it
client      a profile's client, made
"""
