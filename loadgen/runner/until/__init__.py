"""`--until`: a run goes on until a figure is precise enough, or its thresholds are decided.

goal     the figure, and how precise it must be; or that all thresholds are to be decided
until    looks at planned times how precise it is, and keeps each look
decided  looks at planned times what is decided
"""
