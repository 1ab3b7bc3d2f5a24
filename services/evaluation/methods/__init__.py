"""The statistical methods of evaluation: pure functions on arrays, one file for each family.

Given arrays (or sequences, or scalars) of any shapes that broadcast, each function works on all districts at once and
gives float64 arrays of the same shape, floats for scalars. Bad input is `BadInput`, a ValueError that names the
argument and the place in it. No NaN ever leaves a function. docs/methods.md explains each to people who do not program.
"""
