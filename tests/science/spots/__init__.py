"""Where rates differ more than chance: false alarms, power, and independent references."""
