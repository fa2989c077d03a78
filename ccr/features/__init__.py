"""Features on disk: what frozen towers computed once is read by every later run.

fingerprint.py says what a feature is a feature of, extract.py makes what is absent, store.py keeps it in LMDB
(environment.py), packed.py lays it out for training and ranking, upkeep.py lists, checks and drops it.
"""
