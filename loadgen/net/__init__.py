"""Low-level networking for the wire client and the sandbox.

timerfd    alarms on the kernel's own timer
deadlines  the timeouts of all exchanges, on one alarm
names      splits a URL and resolves its name
sockets    raw sockets, the kernel's receive stamps
tcp_info   what the kernel knows of a connection
tls        an SSLObject between two buffers
http1      HTTP/1.1 for a client
children   processes that end with this one
memory     gives free memory back to the system
"""
