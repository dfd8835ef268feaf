"""The simulated target on 127.0.0.1, HTTP and HTTPS: a front like an API Gateway with a function, Lambda, a DynamoDB.

    messages                                        request, fate, reply, handler: what modules exchange
    distributions, stalls, throttle, pool, faults, downstream, fetched
                                                    what is simulated: pure, handed the instant
    deployment                                      the environments of one version of a function
    invocation                                      what Lambda says of one call, and bills
    simulation                                      combines them: decides what happens to one request
    timers, idle, counters, truth                   timers, idle connections, counts, the truth log
    heads, replies, function, paths, lambda_api, dynamodb
                                                    the answers, and which handler gives each
    connection, link, tls                           HTTP on top, bytes below
    core, server, certificate, process, registry, __main__
                                                    the process, and how a caller starts it
    responder                                       the fastest target that Python can be, for the self-test

The sandbox adds simulated network time to loopback's own. User space cannot delay a TCP handshake. Over HTTPS the
sandbox therefore adds its round trip to the ServerHello: the time to connect is right as a whole, but its TCP and TLS
parts are not. Over HTTP it adds the round trip to the first answer.
"""
