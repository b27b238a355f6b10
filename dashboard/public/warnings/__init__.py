"""Asking for warnings nearby, confirming and ending them, without an account. Must not say who else asked."""
