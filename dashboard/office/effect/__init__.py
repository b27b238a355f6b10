"""Did the traps work (わなは効いたか): before and after at the same sensors, near traps against far.

Owns the question, its figures and its answer in one sentence. Must not propose sites nor draw maps.
"""
