"""Each promise with a neighbour beside it: another program, another device, another reader."""
