"""A hub as the sender of sums to the hub one level up. Must not read anything but the sums."""
