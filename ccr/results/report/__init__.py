"""The report of several runs: one page that holds everything it shows.

A page is a list of sections. A builder (`sections.py`, `queries.py`) gathers a section's data from a comparison; a
renderer of the same kind (`charts.js`, `queries.js`) draws it. Another section is one more of each.
"""
