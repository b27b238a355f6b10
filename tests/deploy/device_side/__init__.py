"""What stands beside a sensor: firmware, settings of bought equipment, drawings, documents."""
