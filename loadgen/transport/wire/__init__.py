"""The wire client: raw sockets, no coroutine and no Future for a request.

client      the transport
connection  one connection, which carries one exchange after the other
stream      the bytes below a connection: socket, TLS, connect, write, read
"""
