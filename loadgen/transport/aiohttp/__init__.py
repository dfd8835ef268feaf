"""The aiohttp client, as a user's own program has it.

client   the transport
session  its ClientSession, and the lease that a request has on it
hooks    aiohttp's trace of connections
answers  reads answers, up to a limit
"""
