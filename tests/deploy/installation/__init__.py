"""deploy/install.sh and what runs beside the installed service."""
