"""Reads and checks OneRoster 1.1 and 1.2 CSV bundles: no database, no clock, no event.

    problems.py     what is wrong, where, and what to do about it
    bundle.py       a zip or a folder, opened file by file
    layout.py       the files, their columns and their vocabularies
    csvtable.py     one CSV file as a frame with line numbers
    manifest.py     which files are there, whole or as changes
    rowchecks.py    sourcedId, status, dates, references
    orgs.py sessions.py classes.py people.py links.py enrolments.py    one file of the bundle each
    reading.py      all of them in order: `read(bundle, known, today) -> Stated`

Source: 1EdTech, OneRoster CSV Tables 1.1 (2017) and OneRoster CSV Binding 1.2 (2022).
"""
