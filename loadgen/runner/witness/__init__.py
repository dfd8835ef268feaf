"""`--witness`: a second, small load beside the workers, and whether both agree.

load       the witness load: the profile at 1/53 of its rate
witness    its process and its folder
agreement  whether the workers' figures lie in the witness's intervals
"""
