"""The wire client: raw sockets, no coroutine and no Future for a request.

client      the transport
connection  one connection: an exchange after the other
stream      what a connection stands on: a socket, TLS, connect, write, read
"""
