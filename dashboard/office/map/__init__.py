"""The officials' hot spot map."""
