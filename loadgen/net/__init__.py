"""The network by hand: alarms, deadlines, names, TLS, HTTP/1.1 framing. Used by the wire client and by the sandbox."""
