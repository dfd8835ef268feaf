"""The simulated target on 127.0.0.1, HTTP and HTTPS: an API-Gateway-like front, a Lambda-like function, a DynamoDB.

    messages                                        request, fate, reply, handler: what goes between the others
    distributions, stalls, throttle, pool, faults, downstream
                                                    what is simulated: pure, handed the instant
    simulation                                      puts them together: what happens to one request
    timers, idle, counters, truth                   what is due when, who is idle, what happened
    heads, replies, function, paths, dynamodb       what is answered, and by which handler
    connection, link, tls                           HTTP on top, bytes below
    core, server, certificate, process, registry, __main__
                                                    the process and its caller's side
    responder                                       the quickest target that Python makes, for the self-test

Time that passes on a network is simulated on top of loopback's own. User space cannot delay a TCP handshake: over HTTPS
its round trip is held back at the ServerHello, so that connecting is right as a whole but its TCP and TLS parts are
not; over HTTP it is added to the first answer.
"""
