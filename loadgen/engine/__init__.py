"""Makes the load of one worker.

plan       what runs: the phases in their order, and the ledger's rows
agenda     what is due when: arrivals and single calls
iteration  what one iteration does next
engine     starts iterations and sends their requests
beside     the streams that go on beside the phases
users      the users of a closed phase, who start again
state      the state of each run of a phase, and this worker's share
accounts   counts and records the outcomes
"""
