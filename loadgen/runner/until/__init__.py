"""`--until`: a run goes on until a figure is known well enough.

goal   what is to be known, and how well
until  when to look, and what was seen
"""
