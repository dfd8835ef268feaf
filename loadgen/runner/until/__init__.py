"""`--until`: a run goes on until a figure is precise enough.

goal   the figure, and how precise it must be
until  looks at planned times, and keeps each look
"""
