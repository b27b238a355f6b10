"""Which pages calculate, and how much of it is allowed at once.

Owns the table. The modules named here are loaded by nobody else while the gateway runs: what they load
would fill a small board.
"""

PAGES = {  # path -> the class that answers there and below
    "/officials": "dashboard.office.pages:Officials",
    "/public": "dashboard.public.pages:PublicPages",
}
AT_ONCE = 2  # calculations
MOST = 16  # requests that are answered or wait; whoever comes then is told to come again
