"""Shows what a run found. It reads finished values, and no engine.

terminal/       text for a terminal; only this room knows rich
formats         files
navigate        a result's phases, steps and figures, in the order in which they are shown
sentences, experiment_sentences, selftest_sentences:
                why something is not known, as sentences
words           numbers and names as text
capacity_units  DynamoDB's units as text
"""
