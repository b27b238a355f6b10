"""The form by which residents report, without an account, and what they are answered. Must show no place."""
