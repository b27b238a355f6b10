"""Messages of devices: intake, one batch as one transaction, corrections, confirms."""
