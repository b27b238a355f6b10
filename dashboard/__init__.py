"""The pages that people read and act on."""
