"""What opens and ends an alert of each rule."""
