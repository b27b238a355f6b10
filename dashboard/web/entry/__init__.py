"""Getting in: guesses, passwords, sessions and sign-in links. Must not know pages of the site."""
