"""The runs of machines that shared a load, made into one.

part        the run of one machine, as its folder has it, and whether several belong together
whole       whether its folder holds all that its result counts
sums        their counts, added up exactly
machines    what each machine was, and whether one is slower than the others
costs       what they spent
trust       the trust of the worst machine
merged      the run that they are together, with its folder
"""
