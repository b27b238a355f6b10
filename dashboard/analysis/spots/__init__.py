"""Where rates differ more than chance: clusters of sensors, and single sensors against the mean.

Owns the tests and their corrections. Must not know devices, words or maps.
"""
