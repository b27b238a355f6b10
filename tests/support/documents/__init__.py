"""Scripts that keep documents in step with what was measured."""
