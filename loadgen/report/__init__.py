"""Shows a result. It reads finished values only.

terminal/       text for a terminal; only this room knows rich
html/           one page for a browser
formats/        JSON and other formats, for programs
navigate        a result's phases, steps and figures, in the order in which they are shown
sentences, experiment_sentences, finding_sentences, selftest_sentences, trust_sentences, notice_sentences:
                make sentences of reasons: what was observed, why something is not known
headline        what a run was, and what happened in it
compared        how variants compare: the verdict in a sentence, ratios and differences
tuned           what the memory sizes of a function say, and a row for each
joined          in which hop the time of requests went, as the target's own logs tell
overlaid        which figures of several runs belong together
verdict         the word that a result begins with, and what its exit status says
unusable        why a result says nothing of its target
reasons         why there is no verdict, one line for several runs
styles          what a part of a text means beside its words
trust           what a verdict means, and a line for each signal
senders         what a report calls the machines that sent a load
machines        those that shared a load, in rows of words
nodes           those that a load came from, in rows of words
values          the values of a reason, and what makes a sentence of them
words           numbers and names as text
capacity_units  DynamoDB's units as text
"""
