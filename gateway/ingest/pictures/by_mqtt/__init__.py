"""Pictures, and words of classifiers on them, that come by MQTT over a session of its own."""
