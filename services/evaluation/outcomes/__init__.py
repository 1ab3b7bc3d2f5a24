"""Reads published results of schools and matches their names to districts: no database, no clock, no event.

outcome.py      one published figure, and what is wrong with a file
maap.py         the state's workbook of test results: `read(workbook) -> Read`
workbook.py     its sheets as cells
sheet.py        the tables of a sheet: headers, rows, marks, titles
summary.py      the state's figures, as counts and as percentages
explanation.py  which rows of a sheet are districts, by their sums
edfacts.py      graduation rates with the federal suppression codes: `read(name, text) -> Read`
mapped.py       any CSV file: `read(name, text, mapping) -> Read`
mapping.py      the mapping file that says what its columns are
table.py        one CSV file as rows with their lines
matching.py     names to districts, and a list for a person: `match(names, districts, decided) -> Matched`
"""
