"""The doctor's check of the files that pages load. Owns its row."""

from dashboard.documents.paper import font
from dashboard.web import assets
from gateway.doctor.case import Case
from gateway.doctor.check import Check
from gateway.doctor.finding import Finding, fault, well

AGAIN = "sudo sh shishigaki-*/install.sh"


def _files(_: Case) -> Finding:
    """Whether every script and style is there, and a font for PDF files."""
    try:
        assets.check()
        font.find()
    except (assets.MissingAssetsError, font.MissingFontError) as error:
        return fault("doctor.failed", AGAIN, why=str(error))
    return well("doctor.assets_well")


ASSETS = Check("assets", _files, AGAIN)
