"""The sandbox's DynamoDB: a target for load, not an emulator. It refuses what it does not do.

    handler                                               HTTP: checks the signature, finds the operation, answers
    refusals                                              errors as DynamoDB words them
    values, numbers                                       attribute values, checked and made canonical
    parsing, conditions, updates                          expressions: text, then a tree, then an answer
    keys, table, database, tokens                         what is stored, and where; which requests were done
    throughput                                            limits on units, and the units consumed
    wire, parameters, call, changes                       what operations share
    control, items, pages, batches, transactions,         the operations
    statements, operations

Items are held as JSON. Their size is therefore known, and an answer contains them unchanged. A request takes effect
when it arrives, however long its answer then takes.
"""
