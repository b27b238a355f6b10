"""What opens an alert, who hears of it, in which words, by which way. Must not import `ingest`."""
