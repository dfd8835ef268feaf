"""The aioboto3 client, as a user's own program has it.

client        the transport
http_session  the HTTP session below it, which checks host names
calls         makes a call of a step's parameters
"""
