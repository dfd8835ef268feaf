"""A Lambda function's own configuration, before and after a load: read, changed, and given back; its cost, its logs.

calls    the calls of Lambda that these need
journal  what was changed, on disk before it is changed, so that it can be undone whatever happens
changes  sets what is to be set, waits until that holds, and restores what was there before
cost     what a load costs, before it and while it goes on
cloudwatch
         the lines of a log that have certain ids
attach   what a run of a function does besides its load
"""
