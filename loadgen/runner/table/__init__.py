"""A DynamoDB table before, during and after the load.

attach       the table around a run: made before it, deleted after it, its consumption and cost in the result
lifecycle    makes, checks and deletes it
items        fills it
calls        the calls of DynamoDB that these need
consumption  capacity units: estimated beforehand, counted afterwards
cost         what they cost
"""
