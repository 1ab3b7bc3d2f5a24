"""Evaluation (Miss. Code 37-3-69 and 37-3-71): the other services' events as rates that can be compared."""
