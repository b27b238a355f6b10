"""LoRaWAN network servers and payload codecs. Pure."""
