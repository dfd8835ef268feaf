"""WHAT: steps compiled once into functions that make a request and judge its answer.

`draws` gives each placeholder its values, `render` makes requests of them, `answers` reads what came back, `scenarios`
puts a profile's scenarios together.
"""
