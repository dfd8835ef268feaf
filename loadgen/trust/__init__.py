"""Is it the target's tail, or this machine's?

probe, host            what a worker sees of itself, what the machine as a whole tells
health, network        the workers' samples, added up
effect                 how much of the tail this machine made
watch, evidence        puts together what was seen: all that is judged, as plain figures
signals, finding       the table of signals; what one of them says of a run, and its limits
verdict                VALID, DEGRADED or INVALID, and why
"""
