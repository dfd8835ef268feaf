"""A Lambda function's own configuration, before and after a load: read, changed, and given back.

calls    the calls of Lambda that these need
journal  what was changed, on disk before it is changed, so that it can be undone whatever happens
memory   sets the memory of a function, waits until that holds, and restores what was there before
"""
