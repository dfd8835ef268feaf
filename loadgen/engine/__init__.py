"""The load itself.

plan       what runs: the phases in their order, and the ledger's rows
agenda     what is due: arrivals, and single calls
iteration  what one iteration does next
engine     sends it
users      who start again in a closed phase
state      how each run of a phase stands, and this worker's share
accounts   write down what became of it
"""
