"""One file a table (or one subject's tables): their SQL."""
