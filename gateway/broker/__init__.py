"""The broker's own files: who may say what, passwords, certificates, and what a sensor needs to connect.

Owns the files that mosquitto reads, beside its configuration. Must not connect to the broker.
"""
