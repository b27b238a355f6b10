"""The visit book: one row for each trap and day, as page, PDF and CSV. Runs in the calculating process."""
