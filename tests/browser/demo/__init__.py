"""What a person sees first after `make demo`."""
