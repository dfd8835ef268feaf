"""A result as one page for a browser: one file, which asks for nothing else and runs no script.

text        a result as the text of the file       page        the document: its head, its policy, its sections
run         the page of a run                      experiment  that of an experiment
capacity    that of a capacity                     crossing    shares beyond a limit by rate
tune        that of a function's memory sizes
common      what all have                          about       the load, the target, the machine, the profile
exchanges   single exchanges                       tables      tables of figures
hops        in which hop their time went
markup      elements; the only place where text becomes markup, and where it is escaped
style       the style sheet: light and dark, narrow and wide, printed
charts      a chart, its legend and its table      scales      from values to places on an axis
curve       latency by percentile                  over_time   what happened second by second
shares      whose time it was, as bars             spans       p50, p99 and the longest, as lines
ratios      ratios to a baseline                   scaling     latency under load
by_round    percentiles round by round             timelines   several loads over the same time
until       the goal of `--until`                  overlay     the page of several runs

The page has no script. What a pointer shows are groups of SVG that the style sheet makes visible, and every value
stands in the table below its chart, which a keyboard and a screen reader reach. A library was tried (Bokeh 3.9): its
page has 1.3 MB and needs scripts, it draws on a canvas, which a screen reader cannot read, and writes styles into
elements, which a strict policy forbids. SVG of our own needs none of that; the page of burst has 0.27 MB.
"""
