"""What arrives and why it was not read; approval of devices."""
