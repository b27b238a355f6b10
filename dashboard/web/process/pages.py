"""The pages that calculate, and how many requests may run at one time.

Owns the table. Only the separate process imports these modules: what they load would fill the memory of
a small board.
"""

PAGES = {  # path -> the class that answers there and below
    "/officials": "dashboard.office.pages:Officials",
    "/public": "dashboard.public.pages:PublicPages",
    "/visits": "dashboard.trapper.visit_book.pages:VisitBookPages",
}
MAX_CALCULATIONS = 2  # calculations
MAX_REQUESTS = 16  # requests running or waiting; more are refused with 503
