"""The pages of a region's hub: each read is a transaction as the reader's organisation. No SQLite."""
