"""The migration for residents' reports. Never edited once released. Owns this step of `schema`."""

REPORTS = """
CREATE TABLE report (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL,            -- SHA-256 of the secret in the reporter's link; '' without one
    at_ms INTEGER NOT NULL,
    status TEXT NOT NULL,           -- reports.report.ReportStatus
    published INTEGER NOT NULL,
    head TEXT NOT NULL,             -- report.id that it was merged into; '' alone
    handed_to TEXT NOT NULL,
    body BLOB NOT NULL              -- reports.report.Report as JSON
) STRICT;
CREATE UNIQUE INDEX report_token ON report (token) WHERE token <> '';
CREATE INDEX report_at ON report (at_ms);
CREATE INDEX report_status ON report (status);
CREATE INDEX report_head ON report (head) WHERE head <> '';
CREATE TABLE report_step (          -- what was done with each, kept for ever
    no INTEGER PRIMARY KEY,
    report TEXT NOT NULL,           -- report.id
    body BLOB NOT NULL              -- reports.report.ReportStep as JSON
) STRICT;
CREATE INDEX report_step_of ON report_step (report);
CREATE TABLE photo_report (         -- which report names which photo
    photo TEXT NOT NULL,            -- photo.sent
    report TEXT NOT NULL,           -- report.id
    PRIMARY KEY (photo, report)
) STRICT, WITHOUT ROWID;
"""
