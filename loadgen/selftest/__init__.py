"""`loadgen selftest`: how far this machine can be trusted, measured by loading a target of its own on loopback.

course    runs all parts in order
measure   the measurements
loads     the loads that they send
repeatability  how much the same measurement differs, and the resolution that follows from it
search    the highest rate that stays VALID
machine   identifies this machine
state     the file that keeps the result
trusted   the part of a self-test that runs are compared with
standing  whether a run asks for more than the self-test held
"""
