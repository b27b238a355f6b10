"""A site's own map in one file: made from files of the user, shown offline; must not fetch anything."""
