"""SUM: what happened becomes exact counts. `recorder` folds on the worker, `recording` merges, `ledger` never forgets."""
