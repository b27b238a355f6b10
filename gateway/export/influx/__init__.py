"""Forwards committed events to a central InfluxDB without loss and reads them back (`readback`).

INFLUX.md describes the schema, how it is kept correct and how to set it up. An event passes
`forward.forwarder` (when to send), `forward.sender` (what to send), `lines` and `schema` (line protocol),
`forward.delivery` and `responses` (what an answer means) and `server` (the network). After an outage
`forward.lost_writes` checks what the server still holds.
"""
