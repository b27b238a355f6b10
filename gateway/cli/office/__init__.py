"""Commands for the office: imports, rates, maps, reports, exports."""
