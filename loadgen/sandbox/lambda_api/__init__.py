"""Lambda's own API, as far as a measurement needs it: https://docs.aws.amazon.com/lambda/latest/api/

names, refusals        which function a request names; the errors
log                    the log that a call leaves, with its REPORT
handler                checks the caller, finds the operation, and answers
invoke                 Invoke
"""
