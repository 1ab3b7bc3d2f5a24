"""The annual report of Miss. Code 37-3-71: pure functions of what is known at stated positions.

pins.py        what a report is made of, and its id
folder.py      its tables as CSV and JSON, and the manifest that proves them
tables.py      the report's tables, from what has passed suppression
exemplary.py   programmes to be looked at as examples, by a written rule, and how much hangs on each part of it
funding.py     what districts would get of a stated budget, in three scenarios
"""
