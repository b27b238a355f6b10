"""What the pages give to the browser besides HTML: versions of its files, words of the phone scripts."""
