"""The trapper's phone without signal: acts sent later, pages taken along, the service worker, push."""
