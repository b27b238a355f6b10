"""The first hour of a gateway: what is asked once, and the steps from there to a gateway that tells people.

Owns the questions, the lines of the settings file that they change, and each step. Runs as root and must not
open the database: what belongs to the service is done by its own commands, as its own user.
"""
