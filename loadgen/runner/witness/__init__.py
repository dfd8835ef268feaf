"""`--witness`: a second, small load beside the workers, which tells whether they saw the same.

load       the profile that the witness carries out: each so many-th arrival
witness    its process and its folder
agreement  whether its figures and those of the workers agree
"""
