"""The API for other programs: routes, checks and the OpenAPI document are made from one table.

Must not give data that no page shows, nor decide who may see what (`gateway.domain.people.permissions`).
"""
