"""What AWS expects and says: signatures, credentials, DynamoDB's vocabulary of items, capacity and errors, prices.

Only `credentials` sends anything by itself: it asks the same services as botocore's chain.
"""
