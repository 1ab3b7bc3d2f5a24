"""A made-up school year for a made-up or a real state, played through the public HTTP API alone.

`sample` and `mississippi` write a OneRoster bundle, `truth` draws how each district behaves, `plan` turns
that into the year's commands and their exact counts, `year` sends them, `recovery` reads the scorecards back
and holds them against both, `accuracy` holds the comparison of districts against the truth. Nothing here imports a
service: what it knows of the platform is its API.
"""
