"""The checks, one module for each part of the gateway: a case in, a finding out. None repairs anything."""
