"""A result as one page for a browser: one file, which asks for nothing else and runs no script.

page        the whole document: its head, its policy, its sections
run         the sections of a run                  experiment   those of an experiment
markup      elements; the only place where text becomes markup, and where it is escaped
style       the style sheet: light and dark, narrow and wide, printed
tables      tables of figures                      charts       a chart, its legend and its table
scales      from values to places on an axis
curve       latency by percentile                  shares       whose time it was, as bars
spans       p50, p99 and the longest, as lines     over_time    what happened second by second

The page has no script. What a pointer shows are groups of SVG that the style sheet makes visible, and every value
stands in the table below its chart, which a keyboard and a screen reader reach.
"""
