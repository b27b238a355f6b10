"""Alerts: the value and its life cycle. Must not decide when one opens, nor who is notified."""
