"""Residents' reports: read from a form or a program, taken in one transaction, changed by officials."""
