"""A rulebook over all citizens at once: compiled into one Ibis expression over columnar tables.

`evaluate` says what a score is; what stands here gives the same for millions, and a property test holds them together.
Nothing here reads a file or a clock: tables are given, and what comes out is an expression for whoever has an engine.
"""
