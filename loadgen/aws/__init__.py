"""What AWS expects and says: signatures, credentials, DynamoDB's vocabulary of items, capacity, errors and prices.

No module here sends anything of its own but `credentials`, which asks whom botocore's chain asks.
"""
