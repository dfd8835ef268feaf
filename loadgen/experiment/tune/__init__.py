"""`loadgen tune`: what each memory size of a Lambda function takes and costs, from short runs that take turns.

plan        what is asked, the visits of it in their order, and the profile of each
figures     what the visits of a size tell together
strategies  which size to choose
power       the same in the form of AWS Lambda Power Tuning, with its link
folder      the folder, and the result that is made from it
measurement sets the memory, carries the visits out, and restores what was there; also after a process that died
preview     what it would do, and what that would cost
"""
