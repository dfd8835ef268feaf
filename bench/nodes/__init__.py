"""`python -m bench.nodes`: what the counts of many nodes cost the machine that adds them up.

load         the load that the nodes share, and its size
scripted     nodes by script, which send what real ones would
parent       who adds up what they send
"""
