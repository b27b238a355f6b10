"""What comes as files: Camtrap DP packages and tables of sightings."""
