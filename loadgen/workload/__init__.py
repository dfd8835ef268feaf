"""WHAT: steps compiled once into functions that make a request and judge its answer.

`draws` gives each placeholder its values, `render` makes requests of them, `answers` judges and captures answers,
`scenarios` combines them to a profile's scenarios.
"""
