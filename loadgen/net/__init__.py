"""The network by hand, for the wire client and for the sandbox.

timerfd    alarms on the kernel's own timer
deadlines  of exchanges, on one alarm
names      a URL taken apart, its name resolved
sockets    raw sockets, the kernel's receive stamps
tcp_info   what the kernel knows of a connection
tls        an SSLObject between two buffers
http1      HTTP/1.1 as a client speaks it
children   processes that end with this one
memory     what the allocator keeps
"""
