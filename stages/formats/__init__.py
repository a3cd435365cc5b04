"""How each file format is read: a function (path, bad) -> rows, as a stream.

A row is (number, {column: value}); the number says where it starts, from 1. What is wrong goes to `bad` as
(number, what), and its row comes as (number, None), so that a reader keeps nothing but the row at hand.
"""
