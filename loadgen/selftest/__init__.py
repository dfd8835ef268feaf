"""`loadgen selftest`: what this machine can be trusted with, measured by loading a target of its own on loopback.

course    the whole of it, in order
measure   the measurements
loads     the loads that they take
search    the highest rate that stays VALID
machine   which machine this is
state     the file that remembers it
trusted   the part of a self-test that runs are held against
standing  whether a run asks for more than that
"""
