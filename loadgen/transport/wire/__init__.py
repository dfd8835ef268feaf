"""The wire client: raw sockets, no coroutine and no Future for a request.

client      the transport
connection  one connection: requests and answers
opener      how it is opened
writer      how it writes
"""
