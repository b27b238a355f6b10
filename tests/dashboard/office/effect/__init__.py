"""Did the traps work: the rule, the groups, the page, the command, and simulated animals of known truth."""
