"""The pages and files of proposed trap sites, and kept plans."""
