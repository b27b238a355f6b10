"""Committed events in a central InfluxDB: forwarded without loss, read back by `readback`.

What lies there, how it is kept right and how to set it up: INFLUX.md. The modules, in the order that
an event passes them: `forwarder` (when), `sender` (what), `lines` and `schema` (how it is written),
`delivery` and `policy` (what an answer means), `server` (the network); `doubt`
(what it still holds after an outage).
"""
