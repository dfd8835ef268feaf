"""SUM: what happened becomes exact counts. `recorder` notes, `recording` adds up, `ledger` never forgets."""
