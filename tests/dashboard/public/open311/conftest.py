"""The same site as for reports, with Open311."""

from tests.dashboard.public.report.conftest import fresh as fresh
from tests.dashboard.public.report.conftest import gateway as gateway
from tests.dashboard.public.report.conftest import readers as readers
from tests.dashboard.public.report.conftest import time as time
