"""Open311 GeoReport v2: other systems read what is published, and send reports. Must give no exact place."""
