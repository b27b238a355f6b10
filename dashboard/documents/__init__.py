"""Documents: PDF, spreadsheets, plots."""
