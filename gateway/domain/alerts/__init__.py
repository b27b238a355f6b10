"""An alert: what it is and how it goes on. Must not decide when one opens, nor whom it concerns."""
