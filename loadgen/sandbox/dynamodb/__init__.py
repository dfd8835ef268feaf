"""The sandbox's DynamoDB: a target for load, not an emulator. What it does not do it says.

    handler                                               HTTP on this side: signature, operation, answer
    refusals                                              errors as DynamoDB words them
    values, numbers                                       attribute values, checked and made canonical
    parsing, conditions, updates                          expressions: text, then a tree, then an answer
    keys, table, database, tokens                         what is stored, and where; what was done
    throughput                                            what is let through, and what was
    wire, parameters, call, changes                       what operations share
    control, items, pages, batches, transactions,         the operations
    statements, operations

Items are held as JSON, so that what they take is known, and an answer is put together from them as they are. A request
takes effect as it comes, whatever time its answer then takes.
"""
