"""The aiohttp client, as a user's own program has it.

client   the transport
session  its ClientSession, and what a request leases of it
hooks    what aiohttp tells of connections
answers  answers, read with a limit
"""
