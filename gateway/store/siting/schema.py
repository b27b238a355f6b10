"""The migration for kept plans of trap sites. Never edited once released. Owns this step of `schema`."""

TRAP_PLANS = """
CREATE TABLE trap_plan (            -- kept for ever: what was expected before traps were set
    id TEXT PRIMARY KEY,
    made_ms INTEGER NOT NULL,
    body BLOB NOT NULL              -- trap_plan.TrapPlan as JSON
) STRICT, WITHOUT ROWID;
"""
