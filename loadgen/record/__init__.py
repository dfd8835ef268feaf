"""SUM: what happened becomes exact counts.

metrics      the table of what is measured, and each figure's formula
recorder     one worker's: instants go into rows, and are folded into sparse counts
recording    the counts of all workers, added up
ledger       the two ledgers, in memory that outlives its worker
share        whose the time of exchanges was, by how long they took
attribution  whose time a percentile is
samples      the exchanges that are kept as they were
hlog         histogram logs
"""
