"""SUM: turns exchanges into exact counts.

metrics      the table of metrics, with each one's formula
recorder     one worker's recorder: puts instants into rows, and folds rows into sparse counts
recording    the counts of all workers, added up
packed       many histograms in columns, and the bytes that a folder keeps of them
seconds      the file of a run's seconds
ledger       the two ledgers, in memory that outlives its worker
groups       what each worker's exchanges took
share        the parts of exchanges' time, by how long the exchanges took
attribution  whose time each part is: the target's, the profile's or this machine's
lifted       by how much this machine lifted a figure
samples      the exchanges that are kept whole
exemplars    the ok exchanges that are kept with their ids: the slowest, and some that are drawn
excerpt      what of an answer a sample may show
secret_names takes out values with the name of a secret
hlog         histogram logs
"""
