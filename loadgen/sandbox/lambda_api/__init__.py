"""Lambda's own API and the logs that it leaves, as far as a measurement needs them.

    names, parameters, refusals    which function a request names, what else it says; the errors
    configuration, functions       what is there: versions, aliases, provisioned environments, changes
    call, versions, aliases, provisioned, operations
                                   the operations on these
    log, invoke                    the log of a call, with its REPORT; Invoke
    signed, handler                who sent a request; finds the operation, and answers
    behind                         what a request through the gateway leaves in the logs
    records, filters, cloudwatch   FilterLogEvents of CloudWatch Logs

https://docs.aws.amazon.com/lambda/latest/api/
"""
