"""What is handed out as files: Camtrap DP packages and events."""
