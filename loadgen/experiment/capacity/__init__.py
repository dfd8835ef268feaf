"""`loadgen capacity`: the highest rate at which a target keeps what is asked of it, from steps at several rates.

plan        how many steps, and how long each: what `--for` allows
course      which rate comes next, from the steps so far
steps       a step's profile, and what its run tells of its rate
judgement   the capacity that the steps amount to, and what set the limit
thresholds  what became of the thresholds of a capacity
reach       what the steps of each variant need to reach their target
measurement carries the steps out, and goes on with those of a folder
preview     what it would send, and what that would cost
folder      the folder, and the result that is made from it
"""
