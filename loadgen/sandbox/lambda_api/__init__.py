"""Lambda's own API, as far as a measurement needs it: https://docs.aws.amazon.com/lambda/latest/api/

names, parameters, refusals    which function a request names, what else it says; the errors
configuration, functions       what is there: versions, aliases, provisioned environments, changes
call, versions, aliases, provisioned, operations
                               the operations on these
log                            the log that a call leaves, with its REPORT
invoke                         Invoke
handler                        checks the caller, finds the operation, and answers
"""
