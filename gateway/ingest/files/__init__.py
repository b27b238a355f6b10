"""Imports of files: Camtrap DP packages and tables of sightings."""
